"""Jobs that are there, over HTTP: pause, resume, retry and change."""

from typing import Annotated, Any, Literal

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api import schemas, serializers
from api.endings import WAIT_FOR_END, applied, when_done_if_preferred
from api.parts import api, as_json, caller
from api.requests import body, expected_versions, preferred_wait, request_key, traceparent
from api.view_descriptions import described
from services.errors import Fault, InvalidRequest
from services.jobs.retry import SpecChanges
from services.specs.schema.checkpoints import Word
from services.specs.schema.fields import STRICT, Name, Number, Text, Whole
from services.specs.schema.job import JobSpec

bp = Blueprint("control", __name__, url_prefix="/api/v1/jobs")


class Retry(BaseModel):
    """How the new job differs from the old one."""

    model_config = {"extra": "forbid"}

    name: Name | None = None
    spec: dict[str, Any] = Field({}, json_schema_extra={"propertyNames": {"enum": [*JobSpec.model_fields]}})
    """A merge patch (RFC 7396) for the old job's resolved spec; null removes a value, so that its default applies."""
    apply: Literal["suggestion"] | None = None
    """Apply `error.suggestion` of the old job before the patch."""
    from_checkpoint: Word | None = None
    """best, last, epoch:N or an id: weights of the old job to start from; null: start as the old one did."""


class Change(BaseModel):
    """What can be changed in a submitted job: its name, labels and priority."""

    model_config = STRICT

    name: Name = Field(default_factory=str)
    priority: Annotated[int, Field(ge=-10, le=10)] | None = None
    tags: Annotated[list[Name], Field(max_length=64)] | None = None
    metadata: Annotated[dict[Text, Text | Whole | Number | bool | None], Field(max_length=64)] | None = None
    """Merged with the existing entries; null removes an entry."""


@bp.patch("/<job_id>")
@described(
    answer=schemas.Job,
    errors=(408, 409, 412, 413, 415),
    body=Change,
    headers={"If-Match": "The ETag of the state you last read: 412 if it has changed since."},
)
def change(job_id: str) -> Response:
    """Change a job's name, priority, tags or metadata by a merge patch (RFC 7396)."""
    try:
        patch = body(Change).model_dump(exclude_unset=True)
    except InvalidRequest as error:
        raise InvalidRequest([_not_patchable(fault) for fault in error.faults]) from error
    job = api().base.jobs.commands.change(caller(), job_id, patch, versions=expected_versions())
    response = as_json(serializers.job(job))
    response.headers["ETag"] = f'W/"{job.events_seq}"'
    return response


@bp.post("/<job_id>/pause")
@described(answer=schemas.Job, status=(202, 200), errors=(409,))
def pause(job_id: str) -> Response:
    """Pause a running job at its next batch (202), which frees its worker. 200: it is paused."""
    job = api().base.jobs.commands.pause(caller(), job_id)
    return as_json(serializers.job(job), 200 if job.status == "paused" else 202)


@bp.post("/<job_id>/resume")
@described(answer=schemas.Job, status=(202, 200), errors=(409,), headers=WAIT_FOR_END)
def resume(job_id: str) -> Response:
    """Queue a paused job again; it ends with the same bits as if it had never been paused.

    202: queued. 200: done within `Prefer: wait`.
    """
    job, waited_s = when_done_if_preferred(api().base.jobs.commands.resume(caller(), job_id))
    return applied(as_json(serializers.job(job), 200 if job.done else 202), waited_s)


@bp.post("/<job_id>/retry")
@described(
    answer=schemas.Job,
    status=(202, 201),
    errors=(408, 409, 413, 415, 507),
    body=Retry,
    may_be_empty=True,
    headers={**WAIT_FOR_END, "Idempotency-Key": "For a day, the same key and body return the same job."},
)
def retry(job_id: str) -> Response:
    """Submit a job's spec again as a new job, changed by a merge patch or as the old job's error suggests.

    202: queued. 201: done within `Prefer: wait`.
    """
    sent = request.get_data(cache=True)
    asked = body(Retry) if sent else Retry()
    changes = SpecChanges(asked.spec, asked.apply == "suggestion", asked.name, asked.from_checkpoint)
    key = request_key(job_id.encode() + sent)
    submitted = api().base.jobs.retry.retry(caller(), job_id, changes, key, traceparent())
    job, waited_s = when_done_if_preferred(submitted.job)
    response = as_json(serializers.job(job), 201 if preferred_wait(1.0) is not None and job.done else 202)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return applied(response, waited_s)


def _not_patchable(fault: Fault) -> Fault:
    """Return a fault that says what to do instead where the key is one that a job has but keeps."""
    key = fault.pointer.removeprefix("#/")
    asked = key in JobSpec.model_fields or key == "spec"
    if fault.code != "unknown_key" or not (asked or key in schemas.Job.model_fields):
        return fault
    hint = "POST …/retry creates a new job with another spec" if asked else "the service sets it"
    detail = "can't be changed once the job is submitted"
    return Fault(fault.pointer, "not_patchable", detail, allowed=[*Change.model_fields], hint=hint)
