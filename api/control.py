"""Jobs that are there, over HTTP: pause and resume."""

from flask import Blueprint, Response

from api import answers, rendering
from api.described import described
from api.parts import OWNER, api, as_json

bp = Blueprint("control", __name__, url_prefix="/api/v1/jobs")


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
