"""Sharing over HTTP: who may read a data set, a job or a model of the caller's, and what others let the caller read."""

from datetime import datetime
from typing import Annotated, Literal

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field, model_validator

from api import schemas
from api.keys import NoQuery
from api.parts import api, as_json, caller
from api.requests import body, query
from api.view_descriptions import described
from services.accounts.keys import OWNER
from services.accounts.shares import Kind, ShareView
from services.specs.schema.fields import STRICT, Name

bp = Blueprint("shares", __name__, url_prefix="/api/v1/shares")

READER = rf"^(\*|{OWNER.strip('^$')})$"
Id = Annotated[str, Field(min_length=1, max_length=64)]


class CreateShare(BaseModel):
    """What is shared, with whom. One of `dataset`, `job` and `model`."""

    model_config = STRICT | {
        "json_schema_extra": {
            "oneOf": [{"required": [str(kind)], "properties": {str(kind): {"type": "string"}}} for kind in Kind]
        }
    }

    dataset: Id | None = None
    """The id of a data set."""
    job: Id | None = None
    """The id of a job."""
    model: Name | None = None
    """The name of a registered model, with all its versions."""
    reader: Annotated[str, Field(max_length=64, json_schema_extra={"pattern": READER})]
    """Another owner; `*`: every owner."""

    @model_validator(mode="after")
    def _one(self) -> "CreateShare":
        if sum(getattr(self, kind) is not None for kind in Kind) != 1:
            raise ValueError("must name one of dataset, job and model")
        return self

    @property
    def kind(self) -> Kind:
        """What kind of thing is named."""
        return next(kind for kind in Kind if getattr(self, kind) is not None)


class Share(schemas.Answer):
    """Something that an owner lets another read and predict with."""

    object: Literal["share"] = "share"
    id: str
    owner: str
    """Whose it is."""
    reader: str
    """Who may read it; `*`: every owner."""
    kind: Literal["dataset", "job", "model"]
    thing: str
    """The id of the data set or job, or the name of the model."""
    created_at: datetime


@bp.post("")
@described(query=NoQuery, body=CreateShare, answer=Share, status=(201, 200), errors=(404, 415))
def create() -> Response:
    """Share a data set, a job or a model, to read and to predict with. 200: it was shared so before."""
    query(NoQuery)
    asked = body(CreateShare)
    made, is_new = api().shares.add(caller(), asked.kind, getattr(asked, asked.kind), asked.reader)
    response = as_json(_share(made), 201 if is_new else 200)
    response.headers["Location"] = f"{bp.url_prefix}/{made.id}"
    return response


@bp.get("")
@described(query=NoQuery, answer=schemas.List[Share])
def index() -> Response:
    """List what the caller shares, and what others share with the caller, newest first."""
    query(NoQuery)
    data = [_share(view) for view in api().shares.listing(caller())]
    return as_json(schemas.List[Share](url=request.full_path.rstrip("?"), data=data, has_more=False))


@bp.delete("/<share_id>")
@described(query=NoQuery, answer=None, status=(204,))
def remove(share_id: str) -> Response:
    """Stop sharing it: from then on, it does not exist for its reader."""
    query(NoQuery)
    api().shares.remove(caller(), share_id)
    return Response(status=204)


def _share(view: ShareView) -> Share:
    return Share(**vars(view))
