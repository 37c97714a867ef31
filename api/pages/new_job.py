"""The page on which a job is made: data, target, five fields, and what they come to."""

from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import orjson
from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from api.pages import samples
from api.pages.blueprint import bp, page
from api.parts import api, caller
from services.datasets.dataset_views import DatasetView
from services.errors import BatchyardError, Fault, InvalidRequest
from services.jobs.submission import Submission
from services.specs.parse.merge_patch import merged
from services.specs.parse.parser import read
from services.specs.schema.catalog import catalog
from services.specs.schema.job import JobSpec

PREVIEW_ROWS = 20
MODELS = ("mlp", "linear", "tabm")  #: those that take rows of columns as they come
DEFAULTS = {"model": "mlp", "hidden": "128, 128", "epochs": "200", "lr": "0.001", "device": "auto", "more": ""}
#: Which field of the form a pointer of a fault belongs to.
FIELDS = {
    "#/data/target": "target",
    "#/model/hidden": "hidden",
    "#/model": "model",
    "#/epochs": "epochs",
    "#/optimizer": "lr",
    "#/device": "device",
    "#/name": "name",
}


@dataclass(frozen=True)
class Checked:
    """What would become of a form: a spec, its size, or its faults."""

    spec: dict[str, Any]
    faults: list[dict[str, Any]]
    found: Any = None  #: the resolved spec, summary, estimate and warnings


@bp.get("/new")
def new() -> Response:
    """Show the form, with the data that was chosen."""
    chosen = request.args.get("dataset", "")
    dataset = api().base.datasets.find(caller(), chosen) if chosen else None
    return _form(dataset, request.args.get("builtin", ""), dict(DEFAULTS), 200)


@bp.post("/new/upload")
def upload() -> Redirect:
    """Store a file and go on with it."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidRequest([Fault("#/file", "missing", "is missing: choose a CSV or Parquet file first")])
    dataset, _ = api().base.datasets.upload(cast(BinaryIO, file.stream), name=_named(file.filename), owner=caller())
    return redirect(url_for("pages.new", dataset=dataset.id), 303)


@bp.post("/new/check")
def check() -> Response:
    """Say what the form would make, and store nothing."""
    checked = _checked(request.form)
    return page("new_review.html", checked=checked, copies=samples.copies(checked.spec, request.host_url))


@bp.post("/new")
def start() -> Response | Redirect:
    """Submit the job and go to it; with a fault, show the form again."""
    given = {name: request.form.get(name, "") for name in (*DEFAULTS, "name", "target")}
    try:
        spec = _spec(request.form)
        submitted = api().base.jobs.submit(Submission(read(JobSpec, orjson.dumps(spec)), caller(), spec))
    except InvalidRequest:
        chosen = request.form.get("dataset", "")
        dataset = api().base.datasets.find(caller(), chosen) if chosen else None
        return _form(dataset, request.form.get("builtin", ""), given, 422)
    return redirect(url_for("pages.show_job", job_id=submitted.job.id), 303)


def _form(dataset: DatasetView | None, builtin: str, given: dict[str, str], status: int) -> Response:
    base = api().base
    uploads, _ = base.datasets.listing(caller(), limit=50, after=None)
    rows = base.datasets.rows(caller(), dataset.id, limit=PREVIEW_ROWS) if dataset else []
    form: dict[str, str] = {"dataset": dataset.id if dataset else "", "builtin": builtin, **given}
    if dataset and not form.get("target"):
        form["target"] = dataset.suggested_target or dataset.info.names[-1]
    names = catalog()
    checked = _checked(form) if dataset or builtin else None
    return page(
        "new.html",
        status,
        dataset=dataset,
        rows=rows,
        form=form,
        checked=checked,
        copies=samples.copies(checked.spec, request.host_url) if checked else {},
        uploads=uploads,
        builtins=[entry["type"] for entry in names["builtin"]],
        models=[entry for entry in names["models"] if entry["type"] in MODELS],
        online=base.workers.online(),
        max_upload_bytes=base.settings.max_upload_bytes,
    )


def _checked(form: Any) -> Checked:
    spec: dict[str, Any] = {}
    try:
        spec = _spec(form)
        return Checked(spec, [], api().base.jobs.validate(read(JobSpec, orjson.dumps(spec)), owner=caller()))
    except InvalidRequest as error:
        return Checked(spec, [{**fault.as_json(), "field": _field(fault.pointer)} for fault in error.faults])
    except BatchyardError as error:
        return Checked(spec, [{"pointer": "#", "detail": error.detail, "field": ""}])


def _field(pointer: str) -> str:
    return next((field for start, field in FIELDS.items() if pointer.startswith(start)), "more")


def _spec(form: Any) -> dict[str, Any]:
    """Return the form as a spec: what is left as it is stays to the service's defaults.

    Raises: InvalidRequest when a field holds no number, or `more` no JSON object.
    """
    faults: list[Fault] = []

    def numbers(name: str, pointer: str, text: str, kind: type) -> Any:
        try:
            return kind(text)
        except ValueError:
            faults.append(Fault(pointer, "wrong_type", f"{text[:40]!r} is not a {'whole ' * (kind is int)}number"))
            return None

    source = {"builtin": form["builtin"]} if form.get("builtin") else {"dataset": form.get("dataset", "")}
    target = {"target": form["target"]} if form.get("target") and "dataset" in source else {}
    spec: dict[str, Any] = {"data": source | target, "model": {"type": form.get("model") or "mlp"}}
    if form.get("name"):
        spec["name"] = form["name"].strip()
    if (widths := form.get("hidden", "").replace(",", " ").split()) and spec["model"]["type"] == "mlp":
        spec["model"]["hidden"] = [numbers("hidden", "#/model/hidden", width, int) for width in widths]
    if form.get("epochs"):
        spec["epochs"] = numbers("epochs", "#/epochs", form["epochs"], int)
    if form.get("lr"):
        spec["optimizer"] = {"type": "adamw", "lr": numbers("lr", "#/optimizer/lr", form["lr"], float)}
    if form.get("device", "auto") != "auto":
        spec["device"] = form["device"]
    if more := form.get("more", "").strip():
        try:
            patch = orjson.loads(more)
        except orjson.JSONDecodeError as error:
            detail = f"is not valid JSON at line {error.lineno}, column {error.colno}"
            faults.append(Fault("#/more", "malformed_json", detail, hint='e.g. {"seed": 1}'))
        else:
            if isinstance(patch, dict):
                spec = merged(spec, patch)
            else:
                faults.append(Fault("#/more", "wrong_type", "is not a JSON object", hint='e.g. {"seed": 1}'))
    if faults:
        raise InvalidRequest(faults)
    return spec


def _named(name: str) -> str:
    """Return a file's name with the characters that a data set's name may have."""
    kept = "".join(c if c.isalnum() or c in "_ .-" else "_" for c in name.replace("\\", "/").rsplit("/", 1)[-1])
    return kept.lstrip(" .-")[-120:] or "upload"
