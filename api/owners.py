"""What owners may have, for whoever may administer."""

from typing import Annotated

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from api import key_schemas
from api.keys import NoQuery
from api.parts import api, as_json
from api.requests import body, query
from api.view_descriptions import described
from services.accounts.keys import OWNER, check_owner
from services.accounts.quotas import OwnerView
from services.specs.schema.fields import STRICT

bp = Blueprint("owners", __name__, url_prefix="/api/v1/owners")

NAMED = {"owner": {"type": "string", "pattern": OWNER}}
Most = Annotated[int, Field(ge=0, lt=2**31)] | None
Large = Annotated[int, Field(ge=0, lt=2**53)] | None


class ChangeLimits(BaseModel):
    """What an owner may have at most; null: what the settings say. Others stay as they are."""

    model_config = STRICT

    queued_jobs: Most = None
    running_jobs: Most = None
    """Others wait, however many slots are free."""
    submits_per_minute: Most = None
    stored_bytes: Large = None
    """Of data sets and checkpoints."""
    run_seconds_per_day: Large = None
    """Of training, in jobs that are running or ended in the last day."""
    predict_rows: Most = None
    """Of one request."""


@bp.get("/<owner>")
@described(query=NoQuery, answer=key_schemas.Owner, path=NAMED)
def show(owner: str) -> Response:
    """Read what an owner may have at most, and has."""
    query(NoQuery)
    check_owner(owner)
    return _owner(api().base.quotas.view(owner))


@bp.patch("/<owner>")
@described(query=NoQuery, body=ChangeLimits, answer=key_schemas.Owner, errors=(415,), path=NAMED)
def change(owner: str) -> Response:
    """Set what an owner may have at most, by a merge patch (RFC 7396)."""
    query(NoQuery)
    check_owner(owner)
    return _owner(api().base.quotas.change(owner, body(ChangeLimits).model_dump(exclude_unset=True)))


def _owner(view: OwnerView) -> Response:
    return as_json(key_schemas.Owner(owner=view.owner, own=vars(view.own), limits=vars(view.limits), used=view.used))
