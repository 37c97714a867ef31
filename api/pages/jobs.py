"""The list of jobs, what greets who has none, and what can be done with several at once."""

from collections import Counter
from importlib.metadata import version
from typing import Annotated, Literal, get_args

import orjson
from flask import Response, current_app, redirect, request, url_for
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response as Redirect

from api import serializers
from api.jobs import Status
from api.pages import drawing, notices, samples
from api.pages.blueprint import bp, page, wants_page
from api.pages.live import JOBS, ListMark, marks_of
from api.parts import api, caller, grant
from api.requests import query, traceparent
from services.accounts.shares import Kind
from services.errors import BatchyardError, Fault, InvalidRequest
from services.jobs.listing import Filters, Sort
from services.jobs.submission import Submission
from services.specs.parse.parser import read
from services.specs.schema.job import JobSpec

PAGE = 50


class ListQuery(BaseModel):
    """Which jobs to show."""

    model_config = {"extra": "forbid"}

    status: Literal["", Status] = ""
    q: Annotated[str, Field(max_length=64)] = ""
    """Part of the name, the beginning of the id, a tag, or a pattern of names with `*`."""
    tag: Annotated[str, Field(max_length=64)] = ""
    sort: Sort = "-created_at"
    after: str | None = None


@bp.get("/")
def index() -> Response:
    """Show the jobs to a browser, and to everything else where things are."""
    if not wants_page():
        return _index()
    asked = query(ListQuery)
    base = api().base
    mark = marks_of(base, _mark(), grant(), [JOBS])
    counts = base.jobs.listing.counts(caller())
    workers = base.queue.workers.listing(caller())
    lent = api().shares.lent_to(caller(), Kind.JOB)
    filtered = bool(asked.status or asked.q or asked.tag)
    if not sum(counts.values()):
        shown = samples.copies(samples.SPEC, request.host_url)
        return page("first_run.html", marks=mark, workers=workers, lent=lent, shown=shown)
    found = base.jobs.listing.page(caller(), _filters(asked), sort=asked.sort, limit=PAGE, after=asked.after)
    positions = base.jobs.listing.positions(caller(), found.items)
    rows = [
        {
            "job": view,
            "brief": serializers.brief(view),
            "spark": drawing.spark(view.training.spark),
            "position": positions.get(view.id),
        }
        for view in found.items
    ]
    return page(
        "jobs.html",
        marks=mark,
        rows=rows,
        next=found.next,
        counts=counts,
        workers=workers,
        lent=lent,
        paused_at=base.queue.pauses.began_at(),
        by_device=Counter(worker.device for worker in workers),
        asked=asked,
        filtered=filtered,
        statuses=get_args(Status)[:6],
    )


def _filters(asked: ListQuery) -> Filters:
    text = asked.q.strip()
    return Filters(
        statuses=[asked.status] if asked.status else [],
        name=text if "*" in text else None,
        text=text if text and "*" not in text else None,
        tags=[asked.tag] if asked.tag else [],
    )


@bp.post("/sample")
def sample() -> Redirect:
    """Submit the sample job and go to its curve."""
    spec = read(JobSpec, orjson.dumps(samples.SPEC))
    submitted = api().base.jobs.service.submit(Submission(spec, caller(), samples.SPEC, traceparent=traceparent()))
    return redirect(url_for("pages.show_job", job_id=submitted.job.id), 303)


@bp.post("/jobs/selected")
def selected() -> Redirect:
    """Compare, cancel or delete the chosen jobs."""
    chosen = list(dict.fromkeys(request.form.getlist("jobs")))
    verb = request.form.get("verb", "")
    if not chosen:
        raise InvalidRequest([Fault("#/jobs", "missing", "is empty: select jobs with the boxes next to their names")])
    if verb == "compare":
        return redirect(url_for("pages.compare", jobs=",".join(chosen)), 303)
    base = api().base
    if verb == "cancel":
        outcomes = base.jobs.bulk.cancel(caller(), chosen, None)
        kept = [f"{outcome.error.detail}" for outcome in outcomes if outcome.error]
    elif verb == "delete":
        kept = [error.detail for job_id in chosen if (error := _delete(job_id))]
    else:
        raise InvalidRequest([Fault("#/verb", "unknown_value", "is none", allowed=["compare", "cancel", "delete"])])
    done = {"cancel": "cancelled", "delete": "deleted"}[verb]
    words = f"{len(chosen) - len(kept)} of {len(chosen)} {done}. {' '.join(kept)}".strip()
    return notices.go(url_for("pages.index"), words)


def _delete(job_id: str) -> BatchyardError | None:
    try:
        api().base.jobs.commands.delete(caller(), job_id)
    except BatchyardError as error:
        return error
    return None


def _mark() -> ListMark:
    mark: ListMark = current_app.extensions["batchyard.list_mark"]
    return mark


def _index() -> Response:
    urls = {
        "jobs": "/api/v1/jobs",
        "datasets": "/api/v1/datasets",
        "service": "/api/v1",
        "openapi": "/api/v1/openapi.json",
        "docs": "/docs",
    }
    found = {"object": "index", "name": "batchyard", "version": version("batchyard"), "urls": urls}
    return Response(orjson.dumps(found), content_type="application/json", headers={"Vary": "Accept"})
