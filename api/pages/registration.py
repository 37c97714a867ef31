"""Puts the pages into the application."""

from flask import Flask, request

from api.pages import (
    about,
    compare,
    curves,
    datasets,
    docs,
    job,
    jobs,
    live,
    login,
    models,
    new_job,
    predict,
    queue,
    refusals,
    shares,
    tokens,
    verbs,
)
from api.pages.blueprint import bp
from services.wiring.api import Api

#: Each adds its views to the blueprint when it is imported.
ROOMS = (about, compare, curves, datasets, docs, job, jobs, live, login, models, new_job, predict, queue, shares, verbs)


def register(app: Flask, joined: Api) -> None:
    """Add the pages. Every form is checked before its view is called."""
    app.extensions["batchyard.list_mark"] = live.ListMark(joined.base.jobs.changes)
    app.register_blueprint(bp)
    refusals.register(app)

    @app.before_request
    def check_forms() -> None:
        if request.blueprint == bp.name and request.method == "POST":
            # Before the form is read: an upload may be larger than a JSON body.
            request.max_content_length = joined.base.settings.max_upload_bytes
            tokens.check()
