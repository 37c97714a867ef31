"""The form of a prediction: a field for each feature, filled with a real row."""

from dataclasses import dataclass
from typing import Any

from flask import request

from api.lending import lender
from api.pages import image_form, samples
from api.parts import api, caller
from services.columns import Column, TableInfo
from services.errors import BatchyardError
from services.jobs.job_views import JobView

MAX_CHOICES = 200  #: a column of more values is typed, not chosen


@dataclass(frozen=True)
class Field:
    """One feature on the form."""

    key: str  #: its name on the form: a column's may be anything
    name: str
    kind: str  #: number, choice or text
    choices: list[str]
    value: str


def of(job: JobView, more: dict[str, Any]) -> dict[str, Any]:
    """Return what the tab shows: fields, the call they make, and what came of it, if it was asked."""
    shown: dict[str, Any] = {"fields": [], "row_note": "", "call": None, "result": None, "table": None} | more
    if not job.training.best.checkpoint:
        return shown
    try:
        if wanted := image_form.wanted_of(job):
            return shown | image_form.of(job, wanted, more, request.host_url)
        info = api().base.datasets.find(caller(), job.data.id).info
        # Who may read a job may not read the rows of its data.
        row, validated = ({}, False) if lender() else api().example_row(caller(), job.id)
    except BatchyardError as error:
        return shown | {"row_note": error.detail}
    known = more.get("record")
    record = {name: row.get(name) for name in job.spec["data"]["features"]} if known is None else known
    fields = [_field(n, name, info, record.get(name)) for n, name in enumerate(record)]
    note = (
        "Filled in with a row that the model was not trained on." if validated else "Filled in with a row of its data."
    )
    tensors = any(field.kind == "tensor" for field in fields)
    return shown | {
        "fields": [] if tensors else fields,
        "row_note": note if row and known is None else "",
        "target": row.get(_target(job)) if known is None else None,
        "call": None if tensors else samples.predict_call(job.id, _shown(record), request.host_url),
    }


def record_of(job: JobView, form: Any) -> dict[str, Any]:
    """Return the row that a form holds; a field that is left empty is a missing value."""
    info = api().base.datasets.find(caller(), job.data.id).info
    names = job.spec["data"]["features"]
    return {name: _typed(form.get(f"f{n}", ""), _column(info, name)) for n, name in enumerate(names)}


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """Return a row with as many digits as the form shows."""
    return {name: float(f"{value:.7g}") if isinstance(value, float) else value for name, value in record.items()}


def _typed(text: str, column: Column | None) -> Any:
    text = text.strip()
    if not text:
        return None
    if column is None or column.type == "number":
        try:
            return int(text) if text.lstrip("-").isdecimal() else float(text)
        except ValueError:
            return text  # the service says what is wrong with it
    return {"true": True, "false": False}.get(text, text) if column.type == "boolean" else text


def _field(n: int, name: str, info: TableInfo, value: Any) -> Field:
    column = _column(info, name)
    kind, choices = "number", list[str]()
    if column is not None and column.type == "tensor":
        kind = "tensor"
    elif column is not None and column.type == "boolean":
        kind, choices = "choice", ["true", "false"]
    elif column is not None and column.type == "category":
        values = [str(value) for value in column.values or []]
        kind, choices = ("choice", values) if 0 < len(values) <= MAX_CHOICES else ("text", [])
    elif column is not None and column.type == "datetime":
        kind = "text"
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, float):
        text = f"{value:.7g}"  # the table holds float32: more digits than these were never there
    return Field(f"f{n}", name, kind, choices, text)


def _column(info: TableInfo, name: str) -> Column | None:
    return next((column for column in info.columns if column.name == name), None)


def _target(job: JobView) -> str:
    target = job.spec["data"].get("target")
    return str(target[0] if isinstance(target, list) else target)
