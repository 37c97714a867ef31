"""What the stream of the pages tells of a job that another owner shares: as of one's own, while it is shared."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from services.accounts.shares import Kind
from services.settings import Settings
from services.wiring.base import Base
from tests.integration.accounts.clients import ClientOf
from tests.integration.accounts.statements import Lent, watched
from tests.make import make_job

HTML = {"Accept": "text/html"}


@pytest.fixture
def app(settings: Settings, valkey: str) -> Iterator[Flask]:
    """The application with keys on, whose streams last longer than the test."""
    app = create_app(replace(settings, redis_url=valkey, auth="keys"))
    yield app
    app.extensions["batchyard"].close()


def watches(client: FlaskClient, job_id: str) -> dict[str, str]:
    """Return what a job's page asks the stream for, and the marks that it shows."""
    page = client.get(f"/jobs/{job_id}", headers=HTML).text
    found = re.search(r'data-watch="([^"]*)"', page)
    assert found
    marks: dict[str, str] = json.loads(html.unescape(found[1]))
    return marks


def opened(client: FlaskClient, job_id: str) -> Iterator[bytes]:
    """Open the stream about a job."""
    return iter(client.get(f"/live?topics={job_id}").response)


def told(stream: Iterator[bytes]) -> dict[str, str]:
    """Return the next marks of a stream."""
    said = next(piece for piece in stream if piece.startswith(b"data: "))
    marks: dict[str, str] = json.loads(said.removeprefix(b"data: "))
    return marks


def test_the_page_of_a_shared_job_hears_of_it_until_it_is_shared_no_more(client_of: ClientOf, joined: Base) -> None:
    job_id = make_job(joined, owner="alice").id
    share, _ = joined.shares.add("alice", Kind.JOB, job_id, "bob")
    bob, dora = client_of("bob"), client_of("dora")

    shown = watches(bob, job_id)
    stream = opened(bob, job_id)
    before = told(stream)
    joined.claims.claim("cpu", "cpu-1@host")
    begun = told(stream)
    joined.shares.remove("alice", share.id)
    joined.commands.cancel("alice", job_id)
    after = told(stream)

    assert shown == before == {job_id: "1"}
    assert begun == {job_id: "2"}
    assert after == told(opened(bob, job_id)) == told(opened(dora, job_id)) == {job_id: "gone"}


def test_every_statement_of_the_stream_names_who_asks_or_who_shares(client_of: ClientOf, joined: Base) -> None:
    lent, hidden = (make_job(joined, owner="alice").id for _ in range(2))
    joined.shares.add("alice", Kind.JOB, lent, "*")
    bob = client_of("bob")
    bob.get("/api/v1/jobs")  # the keys are known from here on

    with watched(joined.database, "bob", Lent("alice", {lent})) as sent:
        marks = told(opened(bob, f"{lent},{hidden}"))
        strays = sent.strays()

    assert marks == {lent: "1", hidden: "gone"}
    assert strays == []
