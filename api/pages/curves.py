"""The points of a job's curves, for the script that draws them."""

import math

import orjson
from flask import Response

from api import costs
from api.pages.blueprint import bp
from api.parts import api, caller
from services.jobs.curves import Value
from services.jobs.epoch_columns import columns_of, is_measured


@bp.get("/jobs/<job_id>/curves")
def curve_points(job_id: str) -> Response:
    """Give the charts: null where a value was not measured, the text NaN where it was not finite."""
    job = api().base.lookup.get(caller(), job_id)
    charts = [
        {
            "name": chart.name,
            "epochs": chart.epochs,
            "lines": {name: [_shown(value) for value in line] for name, line in chart.lines.items()},
            "gaps": chart.gaps,
            "recorded": chart.recorded,
            "sentence": chart.sentence,
        }
        for chart in api().base.curves.charts(caller(), job.id)
    ]
    body = orjson.dumps({"job": job.id, "name": job.name, "best": job.training.best.epoch, "charts": charts})
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})


@bp.get("/jobs/<job_id>/metrics.csv")
def metrics_csv(job_id: str) -> Response:
    """Give the metrics of all epochs as a file."""
    job = api().base.lookup.get(caller(), job_id)
    columns = columns_of(job)
    epochs = api().base.lookup.epochs(caller(), job.id)
    rows = [costs.row_of(epoch, columns, is_measured(job, epoch.epoch), csv=True) for epoch in epochs]
    response = costs.table_of(costs.CSV, columns, rows)
    response.headers["Content-Disposition"] = f'attachment; filename="{job.id}-metrics.csv"'
    return response


def _shown(value: Value) -> float | str | None:
    return "NaN" if value is not None and not math.isfinite(value) else value
