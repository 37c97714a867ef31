"""Keys over HTTP, for whoever may administer."""

from typing import Annotated

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api import key_schemas, schemas
from api.parts import api, as_json
from api.requests import body, query
from api.view_descriptions import described
from services.accounts.keys import OWNER
from services.accounts.lifetimes import LIFETIME, lifetime
from services.accounts.scopes import USUAL, Scope
from services.specs.schema.fields import STRICT, Name

bp = Blueprint("keys", __name__, url_prefix="/api/v1/keys")


class CreateKey(BaseModel):
    """Whose key to make, and what it opens."""

    model_config = STRICT

    owner: Annotated[str, Field(max_length=64, json_schema_extra={"pattern": OWNER})]
    name: Name | None = None
    """A name that tells it apart from the owner's other keys."""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=8)] = list(USUAL)
    expires: Annotated[str, Field(max_length=20, json_schema_extra={"pattern": LIFETIME})] | None = None
    """A number with m, h, d or w, such as 90d; null: it never expires."""


class KeysQuery(BaseModel):
    """Which keys."""

    model_config = {"extra": "forbid"}

    owner: Annotated[str, Field(max_length=64)] | None = None
    """Of this owner alone."""


class NoQuery(BaseModel):
    """No parameters."""

    model_config = {"extra": "forbid"}


@bp.post("")
@described(query=NoQuery, body=CreateKey, answer=key_schemas.NewKey, status=(201,), errors=(415,))
def create() -> Response:
    """Make a key. Its token is in this answer only."""
    query(NoQuery)
    asked = body(CreateKey)
    ends = lifetime(asked.expires) if asked.expires is not None else None
    made, token = api().base.keys.create(asked.owner, name=asked.name, scopes=tuple(asked.scopes), lifetime=ends)
    response = as_json(key_schemas.NewKey(**vars(made), token=token), 201)
    response.headers["Location"] = f"{bp.url_prefix}/{made.id}"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("")
@described(query=KeysQuery, answer=schemas.List[key_schemas.Key])
def index() -> Response:
    """List keys, newest first, including those that are revoked or expired."""
    found = api().base.keys.listing(query(KeysQuery).owner)
    data = [key_schemas.Key(**vars(view)) for view in found]
    return as_json(schemas.List[key_schemas.Key](url=request.full_path.rstrip("?"), data=data, has_more=False))


@bp.get("/<key_id>")
@described(query=NoQuery, answer=key_schemas.Key)
def show(key_id: str) -> Response:
    """Read a key by its id, which is not its token."""
    query(NoQuery)
    return as_json(key_schemas.Key(**vars(api().base.keys.get(key_id))))


@bp.delete("/<key_id>")
@described(query=NoQuery, answer=key_schemas.Key)
def revoke(key_id: str) -> Response:
    """Revoke a key: it stops working here at once, and in other processes within a moment."""
    query(NoQuery)
    gone = api().base.keys.revoke(key_id)
    api().keys.poll()
    return as_json(key_schemas.Key(**vars(gone)))
