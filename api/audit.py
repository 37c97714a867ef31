"""The audit log over HTTP, and which requests come into it."""

from typing import Annotated

from flask import Blueprint, Flask, Response, g, request
from pydantic import BaseModel, Field

from api import clients, key_schemas, schemas
from api.jobs import next_page
from api.parts import api, as_json
from api.requests import query
from api.view_descriptions import described
from services.accounts.audit import Entry
from services.accounts.key_views import Grant
from services.settings import Settings

bp = Blueprint("audit", __name__, url_prefix="/api/v1/audit")

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
#: They change nothing, and come thousands a second.
UNNOTED = {"predictions.by_job", "predictions.by_model", "predictions.by_version", "inference.infer"}
UNNOTED |= {"inference.version_infer", "inference.index", "pages.check", "pages.predict", "pages.predict_rows"}
UNNOTED |= {"pages.predict_image"}
REFUSED = {401, 403}  #: a flood of wrong keys gets 429, which is not noted


class AuditQuery(BaseModel):
    """Which entries."""

    model_config = {"extra": "forbid"}

    owner: Annotated[str, Field(max_length=64)] | None = None
    """Of this owner alone."""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    after: str | None = None
    """The cursor in `next` of the page before."""


@bp.get("")
@described(query=AuditQuery, answer=schemas.List[key_schemas.AuditEntry])
def index() -> Response:
    """List what was done, newest first: who did what, from where. Predictions and reads are not included."""
    asked = query(AuditQuery)
    found, cursor = api().audit.page(owner=asked.owner, limit=asked.limit, after=asked.after)
    return as_json(
        schemas.List[key_schemas.AuditEntry](
            url=request.full_path.rstrip("?"),
            data=[key_schemas.AuditEntry(**vars(entry)) for entry in found],
            has_more=cursor is not None,
            next=next_page(cursor),
        )
    )


def register(app: Flask, settings: Settings) -> None:
    """Note every request that changes something or shows a wrong key, where there are keys."""
    if settings.auth == "none":
        return

    @app.after_request
    def note(response: Response) -> Response:
        found: Grant | None = g.get("grant")
        changes = request.method in CHANGING and request.endpoint not in UNNOTED and found is not None
        if changes or (response.status_code in REFUSED and _shows_key()):
            api().audit.note(
                Entry(
                    action=request.endpoint or "nowhere",
                    method=request.method,
                    path=request.path,
                    status=response.status_code,
                    address=clients.address(),
                    owner=found.owner if found else None,
                    key_id=found.key_id if found else None,
                    request_id=g.get("request_id", ""),
                )
            )
        return response


def _shows_key() -> bool:
    return "Authorization" in request.headers or request.endpoint == "pages.log_in"
