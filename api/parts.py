"""What every view reaches for: the joined rooms, the watcher, the feed, and the way to answer."""

from typing import cast

import orjson
from flask import Response, current_app, g
from pydantic import BaseModel

from api.feed import Feed
from api.shutdown import Shutdown
from api.watcher import Watcher
from services.accounts.key_views import Grant
from services.wiring.api import Api


def api() -> Api:
    """Return the rooms of this application."""
    return cast(Api, current_app.extensions["batchyard"])


def grant() -> Grant:
    """Return what the key of this request allows."""
    return cast(Grant, g.grant)


def caller() -> str:
    """Return the owner who asks: whose key came with this request."""
    return grant().owner


def watcher() -> Watcher:
    """Return where this application's long polls and streams wait."""
    return cast(Watcher, current_app.extensions["batchyard.watcher"])


def shutdown() -> Shutdown:
    """Return whether this process is to end."""
    return cast(Shutdown, current_app.extensions["batchyard.shutdown"])


def feed() -> Feed:
    """Return where this application's streams get their messages."""
    return cast(Feed, current_app.extensions["batchyard.feed"])


def as_json(answer: BaseModel, status: int = 200) -> Response:
    """Return a model as the body of an answer."""
    return Response(orjson.dumps(answer.model_dump(mode="json")), status, content_type="application/json")
