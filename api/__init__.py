"""The HTTP door: Flask. Reads, calls one service method, answers."""

import threading

import structlog
from flask import Flask, Response, g, request

from api import (
    about,
    audit,
    auth,
    batch_predictions,
    bulk,
    checkpoints,
    clients,
    costs,
    datasets,
    evaluations,
    events,
    exports,
    hosts,
    inference,
    job_commands,
    jobs,
    keys,
    metrics,
    models,
    owners,
    predictions,
    problems,
    proofs,
    queue,
    ringer,
    shares,
    system,
    tracing,
    webhooks,
)
from api.answer_headers import HEADERS
from api.feed import Feed
from api.gateway import REFUSAL
from api.pages import registration as pages
from api.parts import shutdown
from api.shutdown import Shutdown
from api.watcher import Watcher
from services import ids
from services.errors import NotFound
from services.settings import Settings
from services.wiring.api import Api

VIEWS = (
    jobs,
    job_commands,
    bulk,
    costs,
    events,
    checkpoints,
    exports,
    models,
    predictions,
    batch_predictions,
    proofs,
    evaluations,
    system,
    inference,
    datasets,
    webhooks,
    queue,
    keys,
    owners,
    shares,
    audit,
    about,
)


def create_app(settings: Settings) -> Flask:
    """Return the application.

    Raises: SettingInvalid when it would be open to a network without keys.
    """
    app = Flask("batchyard", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_json_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_json_bytes
    app.url_map.strict_slashes = False
    joined = _joined(app, settings)
    _check_requests(app, settings, joined)
    for module in VIEWS:
        app.register_blueprint(module.bp)
    pages.register(app, joined)
    audit.register(app, settings)
    app.after_request(_with_headers)
    _start(joined, settings)
    return app


def _joined(app: Flask, settings: Settings) -> Api:
    """Join the rooms, and keep them where views find them."""
    joined = Api(settings)
    app.extensions["batchyard"] = joined
    watcher = Watcher(joined.base.jobs.lookup, settings.watch_interval_s, settings.wait_places)
    app.extensions["batchyard.watcher"] = watcher
    app.extensions["batchyard.shutdown"] = Shutdown(watcher, settings.api_drain_s)
    app.extensions["batchyard.feed"] = Feed(joined.base.jobs.lookup)
    return joined


def _check_requests(app: Flask, settings: Settings, joined: Api) -> None:
    """Let each request have a name, and pass whoever may refuse it, in this order."""
    app.before_request(_name_request)
    tracing.register(app, joined)
    app.extensions["batchyard.timings"] = metrics.register(app, joined, app.extensions["batchyard.watcher"])
    hosts.register(app, settings)
    clients.register(app, settings)
    auth.register(app, settings)
    app.before_request(_refuse)
    problems.register(app)


def _name_request() -> None:
    g.request_id = ids.new("req")
    # Threads answer one request after another, and every line that they log meanwhile names it.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _refuse() -> None:
    if error := request.environ.get(REFUSAL):
        raise error
    if "\0" in request.path:  # no name contains one, and PostgreSQL stores none
        raise NotFound(f"There is nothing at {request.path[:200]!r}.")


def _with_headers(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if shutdown().begun:
        response.headers["Connection"] = "close"  # the next request goes to a process that stays
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith("/api/") and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-cache"
    return response


def _start(joined: Api, settings: Settings) -> None:
    """Start what runs beside the requests."""
    if settings.auth == "keys":
        joined.start_keys()
    ringer.start(joined)
    # torch takes a second or two: it is there before the first prediction, and never keeps the start waiting.
    threading.Thread(target=joined.load_predictions, daemon=True, name="predictions").start()
