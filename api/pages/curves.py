"""The points of a job's curves, for the script that draws them."""

import math
from typing import Any

import orjson
from flask import Response

from api import costs
from api.pages.blueprint import bp
from api.parts import api, caller
from services.jobs.curves import Chart, Value
from services.jobs.epoch_columns import columns_of, is_measured
from services.jobs.job_views import JobView


@bp.get("/jobs/<job_id>/curves")
def curve_points(job_id: str) -> Response:
    """Give the charts: null where a value was not measured, the text NaN where it was not finite."""
    job = api().base.jobs.lookup.get(caller(), job_id)
    charts = [points(chart) for chart in api().base.jobs.curves.charts(caller(), job.id)]
    shown = {
        "job": job.id,
        "name": job.name,
        "best": job.training.best.epoch,
        "patience": _patience(job),
        "steps_per_epoch": job.model_summary["steps_per_epoch"],
        "charts": charts,
    }
    body = orjson.dumps(shown)
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})


@bp.get("/jobs/<job_id>/metrics.csv")
def metrics_csv(job_id: str) -> Response:
    """Give the metrics of all epochs as a file."""
    job = api().base.jobs.lookup.get(caller(), job_id)
    columns = columns_of(job)
    epochs = api().base.jobs.lookup.epochs(caller(), job.id)
    rows = [costs.row_of(epoch, columns, is_measured(job, epoch.epoch), csv=True) for epoch in epochs]
    response = costs.table_of(costs.CSV, columns, rows)
    response.headers["Content-Disposition"] = f'attachment; filename="{job.id}-metrics.csv"'
    return response


def points(chart: Chart) -> dict[str, Any]:
    """Return a chart as the script takes it."""
    return {
        "name": chart.name,
        "epochs": chart.epochs,
        "seconds": [round(seconds, 3) for seconds in chart.seconds],
        "lines": {name: [_shown(value) for value in line] for name, line in chart.lines.items()},
        "gaps": chart.gaps,
        "recorded": chart.recorded,
        "sentence": chart.sentence,
    }


def _patience(job: JobView) -> int | None:
    """Return after how many epochs without a better one the job stops early."""
    stopping = job.spec.get("early_stopping")
    return int(stopping["patience"]) if isinstance(stopping, dict) else None


def _shown(value: Value) -> float | str | None:
    return "NaN" if value is not None and not math.isfinite(value) else value
