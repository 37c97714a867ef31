"""What can be predicted with: the names of jobs that have weights."""

from flask import Response

from api.pages.blueprint import bp, page
from api.parts import api, caller


@bp.get("/models")
def models() -> Response:
    """List the names, each with the job that answers."""
    found = api().base.predictable.listing(caller())
    return page("models.html", models=found, marks={"jobs": ""})
