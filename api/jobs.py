"""Jobs over HTTP: submit, read, list, cancel, delete."""

from typing import Annotated, Any, BinaryIO, Literal, cast
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api import schemas, serializers
from api.endings import WAIT, WAIT_FOR_END, applied, is_news, longest_wait_s, when_done, when_done_if_preferred
from api.parts import api, as_json, caller
from api.query_types import BY_COMMA, Moment
from api.requests import body, known_version, preferred_wait, query, request_key, traceparent
from api.result_schemas import Estimate
from api.view_descriptions import described
from services.errors import Fault, InvalidRequest, TooLarge
from services.jobs.listing import Filters, Sort
from services.jobs.submission import Submission
from services.specs.parse.json_size import check_counts
from services.specs.parse.parser import read
from services.specs.resolve.resolved import resolved_json
from services.specs.schema.job import JobSpec

bp = Blueprint("jobs", __name__, url_prefix="/api/v1/jobs")

Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled", "cancelling", "pausing"]


class SubmitQuery(BaseModel):
    """How to submit."""

    model_config = {"extra": "forbid"}

    validate_only: bool = False
    """Check the spec and store nothing."""


class ShowQuery(BaseModel):
    """What to show of a job."""

    model_config = {"extra": "forbid"}

    expand: list[Literal["spec_submitted"]] = []
    """Further members."""
    until: Literal["done"] | None = None
    """Answer when the job has finished."""


class ListQuery(BaseModel):
    """Which jobs to list."""

    model_config = {"extra": "forbid"}

    status: Annotated[list[Status], BY_COMMA] = []
    """States, separated by commas."""
    name: Annotated[str, Field(max_length=64)] | None = None
    """A pattern with `*`."""
    tag: Annotated[str, Field(max_length=64)] | None = None
    metadata: dict[str, str] = {}
    created_after: Moment | None = None
    created_before: Moment | None = None
    sort: Sort = "-created_at"
    """`best`: by the best value, lowest first; jobs without one come last in either order."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: str | None = None
    """The cursor from `next` of the previous page."""


class DeleteQuery(BaseModel):
    """How to delete."""

    model_config = {"extra": "forbid"}

    force: bool = False
    """Also delete a job that is not finished."""


class Cancel(BaseModel):
    """Why a job is cancelled."""

    model_config = {"extra": "forbid"}

    reason: Annotated[str, Field(max_length=1_000)] | None = None


@bp.post("")
@described(
    body=JobSpec,
    query=SubmitQuery,
    answer=schemas.Job,
    answers={200: schemas.JobValidation},
    status=(202, 201, 200),
    errors=(408, 409, 413, 415, 507),
    parts={"spec": "The spec, as JSON.", "data": "The file of its data, which becomes its `data.dataset`."},
    headers={**WAIT_FOR_END, "Idempotency-Key": "For a day, the same key and body return the same job."},
)
def submit() -> Response:
    """Submit a training job.

    202: queued. 201: done within `Prefer: wait`. 200 with `validate_only`: what would be stored.
    """
    spec, sent = _spec_and_bytes()
    if query(SubmitQuery).validate_only:
        return _validated(spec)
    submitted = _without_rows(orjson.loads(sent))
    asked = Submission(spec, caller(), submitted, request_key(sent), traceparent=traceparent())
    job, waited_s = when_done_if_preferred(api().base.jobs.service.submit(asked).job)
    response = as_json(serializers.job(job), 201 if preferred_wait(1.0) is not None and job.done else 202)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    response.headers["Retry-After"] = "1"
    response.headers["ETag"] = f'W/"{job.events_seq}"'
    return applied(response, waited_s)


@bp.get("")
@described(query=ListQuery, answer=schemas.Jobs)
def index() -> Response:
    """List jobs, newest first."""
    asked = query(ListQuery)
    filters = Filters(
        statuses=[*asked.status],
        name=asked.name,
        tags=[asked.tag] if asked.tag else [],
        metadata=asked.metadata,
        created_after=asked.created_after,
        created_before=asked.created_before,
    )
    page = api().base.jobs.listing.page(caller(), filters, sort=asked.sort, limit=asked.limit, after=asked.after)
    found = schemas.Jobs(
        url=request.full_path.rstrip("?"),
        data=[serializers.brief(view) for view in page.items],
        has_more=page.next is not None,
        next=next_page(page.next),
        counts=api().base.jobs.listing.counts(caller()),
    )
    return as_json(found)


@bp.get("/<job_id>")
@described(
    query=ShowQuery,
    answer=schemas.Job,
    status=(200, 304),
    headers={**WAIT, "If-None-Match": "The ETag of the state you last read: 304 if nothing has changed since."},
)
def show(job_id: str) -> Response:
    """Read a job by its id or name.

    With `until=done` the answer comes when the job has finished, or after `Prefer: wait=N` seconds, by default the
    longest wait allowed; with If-None-Match and `Prefer: wait=N`, when something has changed.
    """
    asked = query(ShowQuery)
    job = api().base.jobs.lookup.get(caller(), job_id)
    known, waited_s = known_version(), None
    if asked.until and not job.done:
        waited_s = longest_wait_s()
        job = when_done(job, waited_s)
    if known == job.events_seq:
        wait_s = 0.0 if asked.until else preferred_wait(api().base.settings.max_wait_s) or 0.0
        if not wait_s or not is_news(job.id, known, wait_s):
            unchanged = Response(status=304)
            unchanged.headers["ETag"] = f'W/"{known}"'
            unchanged.headers["Retry-After"] = "2"
            return applied(unchanged, waited_s)
        job = api().base.jobs.lookup.get(caller(), job.id)
    response = as_json(serializers.job(job, submitted="spec_submitted" in asked.expand))
    response.headers["ETag"] = f'W/"{job.events_seq}"'
    if not job.done:
        response.headers["Retry-After"] = "2"
    return applied(response, waited_s)


@bp.post("/<job_id>/cancel")
@described(answer=schemas.Job, status=(202, 200), errors=(408, 409, 413, 415), body=Cancel, may_be_empty=True)
def cancel(job_id: str) -> Response:
    """Cancel a job: at once if it waits (200), at its next batch if it trains (202)."""
    reason = body(Cancel).reason if request.get_data(cache=True) else None
    job = api().base.jobs.commands.cancel(caller(), job_id, reason)
    return as_json(serializers.job(job), 200 if job.done else 202)


@bp.delete("/<job_id>")
@described(query=DeleteQuery, status=(204,), errors=(409,))
def remove(job_id: str) -> Response:
    """Delete a finished job with its epochs, events and checkpoints; with `force` any job."""
    api().base.jobs.commands.delete(caller(), job_id, force=query(DeleteQuery).force)
    return Response(status=204)


def next_page(cursor: str | None) -> str | None:
    """Return the address of the next page of what is being listed."""
    if cursor is None:
        return None
    arguments = request.args.to_dict(flat=True) | {"after": cursor}
    return request.path + "?" + urlencode(arguments)


def _spec_and_bytes() -> tuple[JobSpec, bytes]:
    if request.mimetype != "multipart/form-data":
        return body(JobSpec), request.get_data(cache=True)
    return _uploaded()


def _uploaded() -> tuple[JobSpec, bytes]:
    """Read a spec and its data from one request: the data becomes a data set, and the spec names it."""
    request.max_content_length = api().base.settings.max_upload_bytes
    spec_part, data_part = request.files.get("spec"), request.files.get("data")
    settings = api().base.settings
    sent = spec_part.read(settings.max_json_bytes + 1) if spec_part else request.form.get("spec", "").encode()
    if len(sent) > settings.max_json_bytes:
        detail = f"The part `spec` has more than {settings.max_json_bytes} bytes."
        raise TooLarge(detail, limit_bytes=settings.max_json_bytes)
    check_counts(sent, max_rows=settings.max_json_rows, max_values=settings.max_json_values)
    if data_part is None:
        raise InvalidRequest([Fault("#/data", "missing", "the part `data` with the file is missing")])
    bare = orjson.loads(sent) if _is_object(sent) else None
    if bare is not None and isinstance(bare.get("data", {}), dict):
        name = data_part.filename or "upload.csv"
        dataset, _ = api().base.datasets.upload(cast(BinaryIO, data_part.stream), name=name, owner=caller())
        sent = orjson.dumps(bare | {"data": bare.get("data", {}) | {"dataset": dataset.id}})
    return read(JobSpec, sent), sent


def _is_object(sent: bytes) -> bool:
    try:
        return isinstance(orjson.loads(sent), dict)
    except orjson.JSONDecodeError:
        return False


def _validated(spec: JobSpec) -> Response:
    found = api().base.jobs.service.validate(spec, owner=caller())
    return as_json(
        schemas.JobValidation(
            spec=resolved_json(found.spec),
            model_summary=found.model_summary,
            estimate=Estimate(**found.estimate),
            warnings=[schemas.Warning(**warning) for warning in found.warnings],
        )
    )


def _without_rows(sent: dict[str, Any]) -> dict[str, Any]:
    data = {key: value for key, value in sent.get("data", {}).items() if key not in {"x", "y", "x_val", "y_val"}}
    return sent | {"data": data}
