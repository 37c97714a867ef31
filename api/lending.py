"""Requests for what another owner shares: they are answered as that owner's, for the one thing that they name."""

from dataclasses import replace

from flask import g, request

from api.parts import api
from services.accounts.key_views import Grant
from services.accounts.shares import Kind

#: What may be done with a shared thing, by the argument of the path that names it. Nothing here changes anything.
READABLE: dict[tuple[str, Kind], str] = {
    ("job_id", Kind.JOB): """
        jobs.show costs.metrics costs.batches costs.logs events.events
        checkpoints.index checkpoints.show checkpoints.content exports.export exports.card
        evaluations.evaluation evaluations.predictions predictions.by_job
        pages.show_job pages.curve_points pages.metrics_csv pages.spec_file
        pages.predict pages.predict_rows pages.predict_image
        """,
    ("dataset_id", Kind.DATASET): "datasets.show datasets.rows datasets.content pages.dataset",
    ("name", Kind.MODEL): """
        models.show models.show_version models.show_alias models.history
        predictions.by_model predictions.by_version
        pages.model
        """,
}
NAMED_BY = {endpoint: place for place, words in READABLE.items() for endpoint in words.split()}


def lent(asks: Grant) -> Grant:
    """Return as whom a request is answered: its key's owner, or the owner of the shared thing that it names."""
    place = NAMED_BY.get(request.endpoint or "")
    if place is None or asks.key_id is None:
        return asks
    argument, kind = place
    thing = str((request.view_args or {}).get(argument, ""))
    if kind is Kind.MODEL:
        thing = thing.partition("@")[0]
    lender = api().shares.lender(asks.owner, kind, thing)
    if lender is None:
        return asks
    g.asker = asks.owner
    return replace(asks, owner=lender)


def asker() -> str:
    """Return whose limits hold for this request: whose key came with it."""
    return str(g.get("asker", "") or g.grant.owner)


def lender() -> str:
    """Return whose thing this request is about, if another owner shares it with the one who asks; else nothing."""
    return str(g.grant.owner) if g.get("asker") else ""
