"""Jobs that are there, over HTTP: pause, resume and retry."""

import hashlib
from typing import Any, Literal

from flask import Blueprint, Response, request
from pydantic import BaseModel

from api import answers, rendering
from api.described import described
from api.parts import OWNER, api, as_json
from api.requests import body, idempotency_key
from services.specs.fields import Name

bp = Blueprint("control", __name__, url_prefix="/api/v1/jobs")


class Retry(BaseModel):
    """How the new job differs from the old one."""

    model_config = {"extra": "forbid"}

    name: Name | None = None
    spec: dict[str, Any] = {}
    """A merge patch (RFC 7396) of the old job's resolved spec; null takes a value away, so that its default holds."""
    apply: Literal["suggestion"] | None = None
    """Apply `error.suggestion` of the old job before the patch."""
    from_checkpoint: None = None
    """A new job begins with fresh weights."""


@bp.post("/<job_id>/pause")
@described(answer=answers.Job, status=(202, 200), errors=(409,))
def pause(job_id: str) -> Response:
    """Pause a running job at its next batch (202); its worker is free then. 200: it is paused."""
    job = api().base.control.pause(OWNER, job_id)
    return as_json(rendering.job(job), 200 if job.status == "paused" else 202)


@bp.post("/<job_id>/resume")
@described(answer=answers.Job, status=(202,), errors=(409,))
def resume(job_id: str) -> Response:
    """Queue a paused job again; it ends with the same bits as if it had never paused."""
    return as_json(rendering.job(api().base.control.resume(OWNER, job_id)), 202)


@bp.post("/<job_id>/retry")
@described(
    answer=answers.Job,
    status=(202,),
    errors=(409, 415, 507),
    body=Retry,
    headers={"Idempotency-Key": "The same key and body bring the same job, for a day."},
)
def retry(job_id: str) -> Response:
    """Submit a job's spec again as a new job, changed by a merge patch or as the old job's error suggests."""
    sent = request.get_data(cache=True)
    asked = body(Retry) if sent else Retry()
    submission = api().base.retrying.retry(
        OWNER,
        job_id,
        asked.spec,
        suggested=asked.apply == "suggestion",
        name=asked.name,
        key=idempotency_key(),
        body_sha256=hashlib.sha256(job_id.encode() + sent).hexdigest(),
    )
    response = as_json(rendering.job(submission.job), 202)
    response.headers["Location"] = f"/api/v1/jobs/{submission.job.id}"
    return response
