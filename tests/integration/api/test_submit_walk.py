"""The way of one submit from the door to the tables: its files, its statements, and that no call goes up."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import SMALL
from tests.rules.walk import Walk, walked

STATEMENTS = 5  #: of the one transaction
READS = 3  #: before it: the key, the data set, the workers


def submitted(client: FlaskClient, joined: Base, spec: dict[str, Any], key: str | None) -> Walk:
    """Submit once to have met the owner; return the walk of the second submit, of other rows."""
    first = client.post("/api/v1/jobs", json=SMALL)
    assert first.status_code == 202
    headers = {"Idempotency-Key": key} if key else {}

    def submit() -> None:
        answer = client.post("/api/v1/jobs", json=spec, headers=headers)
        assert answer.status_code == 202, answer.get_json()

    return walked(submit, joined.database.engine)
