"""Jobs side by side."""

import csv
import io
from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from flask import Response, url_for
from pydantic import BaseModel, Field

from api.pages import coordinates, curves, drawing
from api.pages.blueprint import bp, page
from api.parts import api, caller
from api.requests import query
from services.errors import Fault, InvalidRequest
from services.jobs.comparison import MAX_JOBS, Comparison
from services.jobs.comparison import compare as compared
from services.jobs.curves import Chart
from services.jobs.curves import chart as joined_chart
from services.jobs.job_views import JobView
from services.jobs.listing import Filters

LINES = ("val_cost", "train_cost")
RECENT = 50  #: jobs that are offered to be added


class CompareQuery(BaseModel):
    """Which jobs."""

    model_config = {"extra": "forbid"}

    jobs: Annotated[str, Field(max_length=4_000)] = ""
    """Ids or names, separated by commas."""
    format: Literal["", "csv"] = ""
    add: Annotated[str, Field(max_length=128)] = ""
    """One more job, by its id or name."""
    equal: Literal["", "shown"] = ""
    view: Literal["curves", "parallel", "scatter"] = "curves"
    across: Annotated[str, Field(max_length=128)] = ""
    down: Annotated[str, Field(max_length=128)] = ""
    """Of the scatter, by the names of parameters and results."""
    log: Annotated[str, Field(max_length=2_000)] = ""
    flip: Annotated[str, Field(max_length=2_000)] = ""
    """Axes, by comma."""
    x: Literal["epoch", "step", "time"] = "epoch"
    """This and what follows is what the script of the charts reads."""
    y: Literal["linear", "log"] = "linear"
    smooth: Annotated[float, Field(ge=0, le=0.99)] = 0
    outliers: Literal["shown", "hidden"] = "shown"
    hide: Annotated[str, Field(max_length=100)] = ""


@bp.get("/compare")
def compare() -> Response:
    """Show in which parameters jobs differ and what came of them; without jobs, how to choose some."""
    asked = query(CompareQuery)
    jobs = _jobs(f"{asked.jobs},{asked.add}")
    if not jobs:
        return page("compare.html", jobs=[], marks={}, recent=_recent([]))
    found = compared(jobs)
    if asked.format == "csv":
        return _csv(jobs, found)
    return page(
        "compare.html",
        jobs=jobs,
        found=found,
        asked=asked,
        marks={job.id: str(job.events_seq) for job in jobs if not job.done},
        ids=[job.id for job in jobs],
        recent=_recent([job.id for job in jobs]),
        address=_address(asked, jobs),
        toggled=_toggled,
        **_view(asked, jobs, found),
    )


@bp.get("/compare/curves")
def compare_points() -> Response:
    """Give the lines of several jobs over the same epochs, for the script that draws them."""
    jobs = _jobs(query(CompareQuery).jobs)
    charts = [curves.points(_overlaid(name, jobs)) for name in LINES] if jobs else []
    body = orjson.dumps({"best": None, "patience": None, "steps_per_epoch": None, "charts": charts})
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _jobs(words: str) -> list[JobView]:
    named = list(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    if len(named) > MAX_JOBS:
        detail = f"names {len(named)} jobs; at most {MAX_JOBS} fit side by side"
        raise InvalidRequest([Fault("#/query/jobs", "too_long", detail)])
    found = {job.id: job for word in named for job in [api().base.jobs.lookup.get(caller(), word)]}
    return list(found.values())


def _recent(ids: list[str]) -> list[JobView]:
    """Return jobs that could be added."""
    newest = api().base.jobs.listing.page(caller(), Filters(), limit=RECENT).items
    return [job for job in newest if job.id not in ids]


def _view(asked: CompareQuery, jobs: list[JobView], found: Comparison) -> dict[str, Any]:
    axes = coordinates.axes_of(found)
    log, flipped = set(asked.log.split(",")), set(asked.flip.split(","))
    if asked.view == "parallel":
        return {"parallel": coordinates.parallel(axes, log, flipped)}
    if asked.view == "scatter" and len(axes) > 1:
        by_name = {line.name: line for line in axes}
        parameters = [line for line in axes if not line.mode]
        results = [line for line in axes if line.mode]
        across = by_name.get(asked.across, (parameters or axes)[0])
        down = by_name.get(asked.down, (results or axes)[0])
        drawn = coordinates.scatter(across, down, log)
        return {"scatter": drawn, "axes": list(by_name), "across": across.name, "down": down.name}
    charts = {name: _overlaid(name, jobs) for name in LINES} if asked.view == "curves" else {}
    return {"charts": {name: {"chart": one, "drawing": drawing.drawn(one)} for name, one in charts.items()}}


def _address(asked: CompareQuery, jobs: list[JobView]) -> Callable[..., str]:
    """Return what makes the address of this page with something changed."""
    kept = asked.model_dump(exclude_defaults=True, exclude={"add"}) | {"jobs": ",".join(job.id for job in jobs)}

    def address(**changes: str) -> str:
        values = {name: value for name, value in (kept | changes).items() if value != ""}
        return url_for("pages.compare", **values)

    return address


def _toggled(words: str, word: str) -> str:
    """Return names by comma with one more, or without it if it is there."""
    known = [one for one in words.split(",") if one]
    return ",".join([one for one in known if one != word] if word in known else [*known, word])


def _overlaid(name: str, jobs: list[JobView]) -> Chart:
    lines: dict[str, dict[int, float | None]] = {}
    for n, job in enumerate(jobs):
        costs = api().base.jobs.curves.charts(caller(), job.id)[0]
        # A job without this line keeps its number, which is its colour, too.
        lines[f"{n + 1} {job.name}"] = dict(zip(costs.epochs, costs.lines.get(name, []), strict=False))
    epochs = sorted({epoch for values in lines.values() for epoch in values})
    return joined_chart(name, epochs, {title: [values.get(e) for e in epochs] for title, values in lines.items()})


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
