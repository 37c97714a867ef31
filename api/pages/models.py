"""What can be predicted with: registered models, and the names of jobs that have weights."""

from typing import Annotated

from flask import Response, request
from pydantic import BaseModel, Field

from api.pages import samples
from api.pages.blueprint import bp, page
from api.parts import api, caller
from api.requests import query
from services.accounts.shares import Kind

PAGE = 50


class ModelsQuery(BaseModel):
    """Which registered models."""

    model_config = {"extra": "forbid"}

    after: Annotated[str, Field(max_length=128)] | None = None
    """The name before the first of them."""


@bp.get("/models")
def models() -> Response:
    """List the registered models, then the names of jobs, each with the job that answers."""
    after = query(ModelsQuery).after
    registered, following = api().models.listing(caller(), limit=PAGE, after=after)
    return page(
        "models.html",
        registered=registered,
        next=following,
        models=api().base.jobs.predictable.listing(caller()),
        lent=api().shares.lent_to(caller(), Kind.MODEL),
        marks={"jobs": ""},
    )


@bp.get("/models/<name>")
def model(name: str) -> Response:
    """Show a registered model: its versions, which of them its aliases mean, and how to predict by it."""
    found = api().models.get(caller(), name)
    return page(
        "model.html",
        model=found,
        call=samples.model_call(found.name, request.host_url),
        readers=api().shares.readers(caller(), Kind.MODEL, found.name),
    )
