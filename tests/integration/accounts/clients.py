"""Clients that show a token with every request."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

ClientOf = Callable[..., FlaskClient]


def with_token(app: Flask, token: str) -> FlaskClient:
    """Return a client that shows a token."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client
