"""The API with keys on, over each database."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from services.accounts.scopes import USUAL, Scope
from services.settings import Settings
from services.wiring.base import Base
from tests.integration.accounts.clients import ClientOf, with_token


@pytest.fixture
def app(settings: Settings, valkey: str) -> Iterator[Flask]:
    """The application with keys on."""
    app = create_app(replace(settings, redis_url=valkey, auth="keys", stream_s=0.2))
    app.extensions["batchyard"].load_predictions()
    yield app
    app.extensions["batchyard"].close()


@pytest.fixture
def joined(app: Flask) -> Base:
    """The application's own rooms."""
    rooms: Base = app.extensions["batchyard"].base
    return rooms


@pytest.fixture
def client_of(app: Flask, joined: Base) -> ClientOf:
    """Make a client that shows a key of an owner."""

    def made(owner: str, *scopes: str) -> FlaskClient:
        _, token = joined.accounts.keys.create(owner, scopes=tuple(Scope(scope) for scope in scopes) or USUAL)
        return with_token(app, token)

    return made
