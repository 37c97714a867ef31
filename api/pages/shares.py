"""Sharing from the page of a data set, a job or a model."""

from flask import request, url_for
from werkzeug.wrappers import Response

from api.pages import notices
from api.pages.blueprint import bp
from api.parts import api, caller
from services.accounts.shares import ALL, Kind
from services.errors import Fault, InvalidRequest


@bp.post("/shares")
def share() -> Response:
    """Let another owner, or all, read a thing and predict with it."""
    kind, thing = _named()
    reader = request.form.get("reader", "").strip()
    api().shares.add(caller(), kind, thing, reader)
    return notices.go(_page(kind, thing), f"Shared with {'everybody' if reader == ALL else reader}.")


@bp.post("/shares/<share_id>/remove")
def unshare(share_id: str) -> Response:
    """Share a thing no more."""
    kind, thing = api().shares.remove(caller(), share_id)
    return notices.go(_page(kind, thing), "The share was removed.")


def _named() -> tuple[Kind, str]:
    kind = request.form.get("kind", "")
    if kind not in list(Kind):
        raise InvalidRequest([Fault("#/kind", "unknown_value", "can't be shared", allowed=[*Kind])])
    return Kind(kind), request.form.get("thing", "")


def _page(kind: Kind, thing: str) -> str:
    if kind is Kind.JOB:
        return url_for("pages.show_job", job_id=thing, tab="spec")
    if kind is Kind.DATASET:
        return url_for("pages.dataset", dataset_id=thing)
    return url_for("pages.model", name=thing)
