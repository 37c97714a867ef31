"""Jobs side by side."""

import csv
import io
from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, Field

from api.pages import drawing
from api.pages.blueprint import bp, page
from api.parts import api, caller
from api.requests import query
from services.errors import Fault, InvalidRequest
from services.jobs.comparison import MAX_JOBS, Comparison
from services.jobs.comparison import compare as compared
from services.jobs.curves import chart as joined_chart
from services.jobs.job_views import JobView

LINES = ("val_cost", "train_cost")


class CompareQuery(BaseModel):
    """Which jobs."""

    model_config = {"extra": "forbid"}

    jobs: Annotated[str, Field(max_length=4_000)] = ""
    """Ids or names, separated by commas."""
    format: Literal["", "csv"] = ""


@bp.get("/compare")
def compare() -> Response:
    """Show in which parameters jobs differ and what came of them; without jobs, how to choose some."""
    asked = query(CompareQuery)
    words = list(dict.fromkeys(word.strip() for word in asked.jobs.split(",") if word.strip()))
    if len(words) > MAX_JOBS:
        detail = f"names {len(words)} jobs; at most {MAX_JOBS} fit side by side"
        raise InvalidRequest([Fault("#/query/jobs", "too_long", detail)])
    base = api().base
    jobs = [base.lookup.get(caller(), word) for word in words]
    if not jobs:
        return page("compare.html", jobs=[], marks={})
    found = compared(jobs)
    if asked.format == "csv":
        return _csv(jobs, found)
    marks = {job.id: str(job.events_seq) for job in jobs if not job.done}
    charts = {name: _overlaid(name, jobs) for name in LINES}
    return page("compare.html", jobs=jobs, found=found, charts=charts, marks=marks, ids=[job.id for job in jobs])


def _overlaid(name: str, jobs: list[JobView]) -> dict[str, object]:
    lines: dict[str, dict[int, float | None]] = {}
    for n, job in enumerate(jobs):
        costs = api().base.curves.charts(caller(), job.id)[0]
        if name in costs.lines:
            lines[f"{n + 1} {job.name}"] = dict(zip(costs.epochs, costs.lines[name], strict=True))
    epochs = sorted({epoch for values in lines.values() for epoch in values})
    drawn = joined_chart(name, epochs, {title: [values.get(e) for e in epochs] for title, values in lines.items()})
    return {"chart": drawn, "drawing": drawing.drawn(drawn)}


def _csv(jobs: list[JobView], found: Comparison) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", *(job.name for job in jobs)])
    writer.writerow(["id", *(job.id for job in jobs)])
    for line in (*found.differing, *found.results, *found.equal):
        writer.writerow([line.name, *line.values])
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="comparison.csv"'
    return response
