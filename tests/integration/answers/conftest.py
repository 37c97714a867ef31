"""One application a module and database: no test here depends on what the tests before it have stored."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from services.settings import Settings
from services.wiring.base import Base
from tests.conftest import empty_database


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with a database of each kind."""
    with empty_database(request, tmp_path_factory.mktemp("answers") / "data") as quick:
        yield quick


@pytest.fixture(scope="module")
def app(settings: Settings, valkey_url: str) -> Iterator[Flask]:
    """The application on a real database and a real Valkey."""
    app = create_app(replace(settings, redis_url=valkey_url))
    app.extensions["batchyard"].load_predictions()
    yield app
    app.extensions["batchyard"].close()


@pytest.fixture(scope="module")
def joined(app: Flask) -> Base:
    """The application's own rooms."""
    rooms: Base = app.extensions["batchyard"].base
    return rooms


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()
