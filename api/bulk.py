"""Many jobs with one request, over HTTP: cancel."""

from typing import Annotated, Any, Literal

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from api import schemas
from api.parts import api, as_json, caller
from api.problems import slug
from api.requests import body
from api.view_descriptions import described
from services.errors import Fault, InvalidRequest
from services.jobs.bulk import MOST, Outcome
from services.jobs.listing import Filters
from services.specs.schema.fields import STRICT
from services.specs.schema.key_groups import given, rules

bp = Blueprint("bulk", __name__, url_prefix="/api/v1/jobs")

Stoppable = Literal["queued", "running", "pausing", "paused"]
STOPPABLE: list[str] = ["queued", "running", "paused"]
#: A filter that says something; an empty one would mean every job, which `all` has to say.
FILTER = {
    "anyOf": [
        {"required": ["all"], "properties": {"all": {"const": True}}},
        *(given(key) for key in ("status", "name", "tag")),
        {"required": ["metadata"], "properties": {"metadata": {"minProperties": 1}}},
    ]
}


class CancelMany(BaseModel):
    """Which jobs to cancel: by their ids, or all unfinished ones that match a filter."""

    model_config = STRICT | ConfigDict(json_schema_extra=rules({"oneOf": [given("jobs"), FILTER]}))

    jobs: Annotated[list[str], Field(min_length=1, max_length=MOST)] | None = None
    """Ids."""
    all: bool = False
    """Every job that is not finished."""
    status: Annotated[list[Stoppable], Field(min_length=1)] | None = None
    name: Annotated[str, Field(max_length=64)] | None = None
    """A pattern with `*`."""
    tag: Annotated[str, Field(max_length=64)] | None = None
    metadata: dict[str, str] = {}
    reason: Annotated[str, Field(max_length=1_000)] | None = None

    @property
    def filtered(self) -> bool:
        """Whether the jobs are to be looked for."""
        return bool(self.all or self.status or self.name is not None or self.tag is not None or self.metadata)


@bp.route("/cancel", methods=["OPTIONS"])
def options() -> Response:
    """Say that jobs are only cancelled here, though one may be called `cancel`."""
    return Response(headers={"Allow": "OPTIONS, POST"})


@bp.post("/cancel", provide_automatic_options=False)
@described(answer=schemas.Outcomes, body=CancelMany, errors=(408, 413, 415))
def cancel() -> Response:
    """Cancel many jobs: a list of ids, or all that match a filter. The answer has an outcome for each."""
    asked = body(CancelMany)
    if (asked.jobs is not None) == asked.filtered:
        detail = "selects its jobs in two ways" if asked.filtered else "selects no jobs"
        hint = 'use jobs (ids), or one or more of status, name, tag and metadata, or "all": true'
        raise InvalidRequest([Fault("#", "invalid", detail, hint=hint)])
    if asked.jobs is not None:
        outcomes, more = api().base.jobs.bulk.cancel(caller(), asked.jobs, asked.reason), False
    else:
        tags = [] if asked.tag is None else [asked.tag]
        statuses: list[str] = [*asked.status] if asked.status else STOPPABLE
        filters = Filters(statuses=statuses, name=asked.name, tags=tags, metadata=asked.metadata)
        outcomes, more = api().base.jobs.bulk.cancel_found(caller(), filters, asked.reason)
    return as_json(schemas.Outcomes(data=[_shown(outcome) for outcome in outcomes], has_more=more))


def _shown(outcome: Outcome) -> schemas.Outcome:
    if outcome.job is not None:
        return schemas.Outcome(id=outcome.id, status=outcome.job.status, done=outcome.job.done)
    error = outcome.error
    assert error is not None
    problem: dict[str, Any] = {"type": f"/problems/{slug(error.code)}", "code": error.code, "detail": error.detail}
    status = error.members.get("job_status")
    return schemas.Outcome(id=outcome.id, status=status, done=None if status is None else True, error=problem)
