"""The HTTP door: Flask. Reads, calls one service method, answers."""

import threading

from flask import Flask, Response, g, request

from api import (
    about,
    bulk,
    checkpoints,
    costs,
    datasets,
    events,
    hosts,
    inference,
    job_commands,
    jobs,
    models,
    predictions,
    problems,
    queue,
    ringer,
    webhooks,
)
from api.answer_headers import HEADERS
from api.feed import Feed
from api.gateway import REFUSAL
from api.pages import registration as pages
from api.watcher import Watcher
from services import ids
from services.errors import NotFound
from services.settings import Settings
from services.wiring.api import Api


def create_app(settings: Settings) -> Flask:
    """Return the application.

    Raises: SettingInvalid when it would be open to a network without keys.
    """
    app = Flask("batchyard", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_json_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_json_bytes
    app.url_map.strict_slashes = False
    joined = Api(settings)
    app.extensions["batchyard"] = joined
    app.extensions["batchyard.watcher"] = Watcher(joined.base.lookup, settings.watch_interval_s, settings.wait_places)
    app.extensions["batchyard.feed"] = Feed(joined.base.lookup)

    @app.before_request
    def name_request() -> None:
        g.request_id = ids.new("req")

    hosts.register(app, settings)

    @app.before_request
    def refuse() -> None:
        if error := request.environ.get(REFUSAL):
            raise error
        if "\0" in request.path:  # no name holds one, and PostgreSQL takes none
            raise NotFound(f"There is nothing at {request.path[:200]!r}.")

    problems.register(app)
    for module in (
        jobs,
        job_commands,
        bulk,
        costs,
        events,
        checkpoints,
        models,
        predictions,
        inference,
        datasets,
        webhooks,
        queue,
        about,
    ):
        app.register_blueprint(module.bp)
    pages.register(app, joined)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/api/") and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-cache"
        return response

    ringer.start(joined)
    # torch takes a second or two: it is there before the first prediction, and never keeps the start waiting.
    threading.Thread(target=joined.load_predictions, daemon=True, name="predictions").start()
    return app
