"""The page of a job: its curves, evaluation, predictions, checkpoints, spec, events, log and what it takes."""

from collections import deque
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

import orjson
from flask import Response, request
from pydantic import BaseModel, Field

from api import serializers
from api.lending import lender
from api.pages import drawing, formats, prediction_form
from api.pages.blueprint import bp, page
from api.pages.job_evaluation import evaluation
from api.pages.job_system import system
from api.parts import api, caller
from api.requests import query
from services.accounts.shares import Kind
from services.errors import BatchyardError
from services.exports.formats import Format
from services.jobs.epoch_columns import columns_of
from services.jobs.job_views import JobView
from services.specs.parse.merge_patch import differences
from services.specs.parse.parser import read
from services.specs.resolve.resolved import resolved_json
from services.specs.schema.job import JobSpec
from services.states import ALLOWED

Tab = Literal["curves", "evaluation", "predict", "checkpoints", "spec", "events", "logs", "system"]
TABS = get_args(Tab)
TABLE_ROWS = 200  #: epochs that the table beside the curve shows
EVENTS = 200
LOG_LINES = 500


class ShowQuery(BaseModel):
    """Which part of a job to show."""

    model_config = {"extra": "forbid"}

    tab: Tab = "curves"
    x: Literal["epoch", "step", "time"] = "epoch"
    """This and what follows is what the script of the charts reads."""
    y: Literal["linear", "log"] = "linear"
    smooth: Annotated[float, Field(ge=0, le=0.99)] = 0
    outliers: Literal["shown", "hidden"] = "shown"


@bp.get("/jobs/<job_id>")
def show_job(job_id: str) -> Response:
    """Show a job by its id or name."""
    asked = query(ShowQuery)
    return shown(api().base.lookup.get(caller(), job_id), asked.tab)


def shown(job: JobView, tab: str, status: int = 200, **more: Any) -> Response:
    """Return a job's page with one of its tabs open."""
    marks = {job.id: str(job.events_seq)}
    if job.queue and not lender():
        # The place of a job that waits moves with the others of its owner, of which the stream tells nobody else.
        marks["jobs"] = ""
    return page(
        "job.html",
        status,
        job=job,
        tab=tab,
        tabs=TABS,
        marks=marks,
        progress=serializers.progress(job),
        best=serializers.best(job),
        allowed=() if lender() else ALLOWED[job.status],
        workers_online=api().base.workers.online(job.run.device) if not job.done else 1,
        **PARTS.get(tab, _nothing)(job),
        **(prediction_form.of(job, more) if tab == "predict" else more),
    )


def _curves(job: JobView) -> dict[str, Any]:
    charts = [{"chart": chart, "drawing": drawing.drawn(chart)} for chart in api().base.curves.charts(caller(), job.id)]
    columns = [name for name in columns_of(job) if name not in {"seconds", "rows_per_second", "checkpoint"}]
    epochs = api().base.lookup.epochs(caller(), job.id, max_points=TABLE_ROWS)
    rows = [
        {
            "epoch": epoch.epoch,
            "best": epoch.epoch == job.training.best.epoch,
            "values": [
                {"epoch": epoch.epoch, "train_cost": epoch.train_cost, "val_cost": epoch.val_cost, "lr": epoch.lr}.get(
                    name, epoch.metrics.get(name)
                )
                for name in columns
            ],
        }
        for epoch in epochs
    ]
    return {"charts": charts, "columns": columns, "rows": rows, "phase": _phase(job)}


def _phase(job: JobView) -> str:
    """Return what a chart says that has no epoch yet."""
    if job.done:
        return "No epoch was recorded."
    if job.state != "running" or job.times.started_at is None:
        return f"The job is {job.status}. The curve begins with the first epoch."
    said = (job.training.reported or {}).get("phase") or "loading data"
    seconds = (datetime.now(UTC) - job.times.started_at).total_seconds()
    return f"{said.replace('_', ' ').capitalize()}, {formats.duration(seconds)}. The curve begins with the first epoch."


def _checkpoints(job: JobView) -> dict[str, Any]:
    return {"checkpoints": api().base.lookup.checkpoints(caller(), job.id), "export_formats": list(Format)}


def _events(job: JobView) -> dict[str, Any]:
    after = max(0, job.events_seq - EVENTS)
    return {"events": api().base.lookup.events(caller(), job.id, after=after, limit=EVENTS)[::-1], "left_out": after}


def _logs(job: JobView) -> dict[str, Any]:
    lines = api().base.logs.lines(caller(), job.id, timestamps=request.args.get("timestamps") is not None)
    return {"lines": list(deque(lines, maxlen=LOG_LINES)), "most": LOG_LINES}


def _spec(job: JobView) -> dict[str, Any]:
    """Return in what a job's spec differs from the one of the same data and model that says nothing else."""
    readers = api().shares.readers(caller(), Kind.JOB, job.id)
    if lender():
        return {"changed": None, "readers": []}  # what the defaults are is asked for as another
    plain: dict[str, Any] = {"data": _source(job), "model": job.spec["model"]["type"]}
    try:
        default = resolved_json(api().base.jobs.validate(read(JobSpec, orjson.dumps(plain)), owner=caller()).spec)
    except BatchyardError:
        return {
            "changed": [],
            "readers": readers,
        }  # such as a plug-in that is no longer here: the spec is shown all the same
    changed = [one for one in differences(default, job.spec) if not one["pointer"].startswith("#/data")]
    return {"changed": changed, "readers": readers}


def _source(job: JobView) -> dict[str, Any]:
    data = job.spec["data"]
    return {name: data[name] for name in ("dataset", "builtin", "plugin", "target") if data.get(name)}


def _nothing(_job: JobView) -> dict[str, Any]:
    return {}


PARTS = {
    "curves": _curves,
    "evaluation": evaluation,
    "checkpoints": _checkpoints,
    "spec": _spec,
    "events": _events,
    "logs": _logs,
    "system": system,
}


@bp.get("/jobs/<job_id>/spec.json")
def spec_file(job_id: str) -> Response:
    """Give the resolved spec as a file that can be submitted."""
    job = api().base.lookup.get(caller(), job_id)
    return Response(orjson.dumps(job.spec, option=orjson.OPT_INDENT_2), content_type="application/json")
