"""The API over each database, spoken to by Flask's client."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from services.settings import Settings
from services.wiring.base import Base


@pytest.fixture
def app(settings: Settings, valkey: str) -> Iterator[Flask]:
    """The application on a real database and a real Valkey."""
    app = create_app(replace(settings, redis_url=valkey))
    app.extensions["batchyard"].load_predictions()
    yield app
    app.extensions["batchyard"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()


@pytest.fixture
def joined(app: Flask) -> Base:
    """The application's own rooms."""
    rooms: Base = app.extensions["batchyard"].base
    return rooms
