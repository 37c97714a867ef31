"""The page on which a job is made: data, target, a few fields or JSON, and what they come to."""

from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import orjson
from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from api.pages import samples, spec_form
from api.pages.blueprint import bp, page
from api.parts import api, caller
from api.requests import traceparent
from services.accounts.shares import Kind
from services.datasets.dataset_views import DatasetView
from services.errors import BatchyardError, Fault, InvalidRequest
from services.jobs.submission import Submission
from services.specs.parse.parser import read
from services.specs.schema.catalog import catalog
from services.specs.schema.job import JobSpec

PREVIEW_ROWS = 20
#: Those that take rows of columns as they come; what else there is goes into the JSON.
MODELS = ("mlp", "linear", "tabm")


@dataclass(frozen=True)
class Checked:
    """What would become of a form: a spec, its size, or its faults."""

    spec: dict[str, Any]
    faults: list[dict[str, Any]]
    found: Any = None  #: the resolved spec, summary, estimate and warnings

    @property
    def fields(self) -> dict[str, str]:
        """What the fields show of the spec."""
        return spec_form.fields_of(self.spec)


@bp.get("/new")
def new() -> Response:
    """Show the form, with the data that was chosen, or as another job was."""
    if known := request.args.get("from", ""):
        return _form(*_like(known), 200)
    chosen = request.args.get("dataset", "")
    dataset = api().base.datasets.find(_whose(chosen), chosen) if chosen else None
    form = dict(spec_form.DEFAULTS) | {"builtin": request.args.get("builtin", "")}
    if dataset:
        form |= {"dataset": dataset.id, "target": dataset.suggested_target or dataset.info.names[-1]}
    return _form(dataset, form, 200)


@bp.post("/new/upload")
def upload() -> Redirect:
    """Store a file and go on with it."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidRequest([Fault("#/file", "missing", "is missing: choose a CSV or Parquet file first")])
    dataset, _ = api().base.datasets.upload(cast(BinaryIO, file.stream), name=_named(file.filename), owner=caller())
    if request.form.get("then") == "datasets":
        return redirect(url_for("pages.dataset", dataset_id=dataset.id), 303)
    return redirect(url_for("pages.new", dataset=dataset.id), 303)


@bp.post("/new/check")
def check() -> Response:
    """Say what the form would make, and store nothing."""
    checked = _checked(request.form)
    return page("new_review.html", checked=checked, copies=samples.copies(checked.spec, request.host_url))


@bp.post("/new")
def start() -> Response | Redirect:
    """Submit the job and go to it; with a fault, show the form again."""
    try:
        spec = spec_form.spec_of(request.form)
        read_spec = read(JobSpec, orjson.dumps(spec))
        submitted = api().base.jobs.service.submit(Submission(read_spec, caller(), spec, traceparent=traceparent()))
    except InvalidRequest:
        chosen = request.form.get("dataset", "")
        dataset = api().base.datasets.find(_whose(chosen), chosen) if chosen else None
        return _form(dataset, dict(request.form), 422)
    return redirect(url_for("pages.show_job", job_id=submitted.job.id), 303)


def _whose(dataset_id: str) -> str:
    """Return whose data set is meant: another owner's, if it is shared with the one who asks."""
    return api().shares.lender(caller(), Kind.DATASET, dataset_id) or caller()


def _like(id_or_name: str) -> tuple[DatasetView | None, dict[str, str]]:
    """Return the data and the form of a job that is to be made once more."""
    job = api().base.jobs.lookup.get(caller(), id_or_name)
    spec = {key: value for key, value in job.origin.spec_submitted.items() if key not in {"name", "data"}}
    spec["data"] = {key: value for key, value in job.spec["data"].items() if value not in ({}, [], None)}
    if weights := request.args.get("weights", ""):
        spec["init_from"] = {"job": job.id, "checkpoint": weights}
    stored = spec["data"].get("dataset")
    dataset = api().base.datasets.find(caller(), stored) if stored else None
    source = {name: spec["data"].get(name, "") for name in ("dataset", "builtin")}
    form = spec_form.fields_of(spec) | source | {"spec": orjson.dumps(spec).decode(), "like": job.id}
    return dataset, form


def _form(dataset: DatasetView | None, form: dict[str, str], status: int) -> Response:
    base = api().base
    uploads, _ = base.datasets.listing(caller(), limit=50, after=None)
    rows = (
        base.datasets.rows(_whose(dataset.id), dataset.id, limit=PREVIEW_ROWS)
        if dataset and dataset.source != "plugin"
        else []
    )
    names = catalog()
    is_chosen = bool(dataset or form.get("builtin") or form.get("like"))
    checked = _checked(form) if is_chosen else None
    return page(
        "new.html",
        status,
        dataset=dataset,
        rows=rows,
        form=form,
        text=form.get("spec") if status == 422 else None,
        is_chosen=is_chosen,
        checked=checked,
        copies=samples.copies(checked.spec, request.host_url) if checked else {},
        uploads=uploads,
        builtins=[entry["type"] for entry in names["builtin"]],
        models=[entry["type"] for entry in names["models"] if entry["type"] in MODELS],
        optimizers=[entry["type"] for entry in names["optimizers"]],
        losses=[entry["type"] for entry in names["losses"]],
        online=base.queue.workers.online(),
        paused_at=base.queue.pauses.began_at(),
        max_upload_bytes=base.settings.max_upload_bytes,
    )


def _checked(form: Any) -> Checked:
    spec: dict[str, Any] = {}
    try:
        spec = spec_form.spec_of(form)
        return Checked(spec, [], api().base.jobs.service.validate(read(JobSpec, orjson.dumps(spec)), owner=caller()))
    except InvalidRequest as error:
        return Checked(
            spec, [{**fault.as_json(), "field": spec_form.field_of(fault.pointer)} for fault in error.faults]
        )
    except BatchyardError as error:
        return Checked(spec, [{"pointer": "#", "detail": error.detail, "field": "spec"}])


def _named(name: str) -> str:
    """Return a file's name with the characters that a data set's name may have."""
    kept = "".join(c if c.isalnum() or c in "_ .-" else "_" for c in name.replace("\\", "/").rsplit("/", 1)[-1])
    return kept.lstrip(" .-")[-120:] or "upload"
