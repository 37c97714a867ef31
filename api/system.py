"""What the trainer of a job takes of its machine, over HTTP."""

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from api.parts import api, as_json, caller
from api.requests import query
from api.schemas import Answer
from api.view_descriptions import described
from services.attempts.usage import COLUMNS, MOST

bp = Blueprint("system", __name__, url_prefix="/api/v1/jobs/<job_id>")


class SystemQuery(BaseModel):
    """How much."""

    model_config = {"extra": "forbid"}

    max_points: Annotated[int, Field(ge=1, le=MOST)] = MOST


class System(Answer):
    """What the trainer took of its machine, sampled while it ran."""

    object: str = "job.system"
    job: str
    interval_seconds: float
    """Between two samples; there is none while the job waits or is paused."""
    columns: list[str]
    """`t_seconds` since the job started; `cpu_percent` since the sample before, 100 for one processor; `rss_bytes` of
    its memory; of the GPU that it uses `gpu_percent`, `gpu_memory_bytes` and `gpu_celsius`."""
    data: list[list[Any]]
    """null: not known, such as the GPU of a job on the CPU."""


@bp.get("/system")
@described(query=SystemQuery, answer=System)
def system(job_id: str) -> Response:
    """Read how much processor, memory and GPU the trainer used over time: at most 300 points, empty for a short job."""
    asked = query(SystemQuery)
    job, found = api().base.usages.get(caller(), job_id, asked.max_points)
    return as_json(System(job=job.id, interval_seconds=found.interval_s, columns=list(COLUMNS), data=found.samples))
