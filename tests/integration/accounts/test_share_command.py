"""Commands that need keys, against the service: what one owner shares, another reads; an admin pauses the queue."""

import json
from collections.abc import Iterator
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from werkzeug.serving import make_server

from batchyard.command import main
from services.accounts.scopes import USUAL, Scope
from services.wiring.base import Base
from tests.integration.accounts import walk

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """The address of the application."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_things_are_shared_listed_and_taken_back(app: Flask, joined: Base, url: str) -> None:
    alice = walk.things_of(app, joined, "alice", "prices")
    keys = {owner: joined.accounts.keys.create(owner)[1] for owner in ("alice", "bob")}

    def run(owner: str, *words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--server", url], env={"BATCHYARD_API_KEY": keys[owner]})

    said = [
        run("alice", "share", "job", "alice-trained", "--with", "bob"),
        run("alice", "share", "data", "alice.csv", "--with", "*"),
        run("alice", "share", "model", "prices", "--with", "bob"),
    ]
    listed = run("bob", "share", "ls")
    shown = run("bob", "show", alice.job)
    removed = run("alice", "share", "rm", said[0].stdout.split()[-1])
    gone = run("bob", "show", alice.job)

    assert [result.exit_code for result in said] == [0, 0, 0], [result.output for result in said]
    assert all(word in listed.output for word in (alice.job, alice.dataset, "prices", "of alice"))
    assert (shown.exit_code, "alice-trained" in shown.output) == (0, True)
    assert (removed.exit_code, gone.exit_code != 0) == (0, True)
    left = json.loads(run("bob", "share", "ls", "--json").stdout)
    assert {row["kind"] for row in left} == {"dataset", "model"}
    assert run("alice", "share", "job", alice.job, "--with", "alice").exit_code != 0


def test_the_queue_is_paused_by_who_may(joined: Base, url: str) -> None:
    scopes = {"operator": (Scope.READ, Scope.ADMIN), "alice": USUAL}
    keys = {owner: joined.accounts.keys.create(owner, scopes=granted)[1] for owner, granted in scopes.items()}

    def run(owner: str, *words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--server", url], env={"BATCHYARD_API_KEY": keys[owner]})

    refused, paused = run("alice", "queue", "pause"), run("operator", "queue", "pause")
    status = run("alice", "status")
    resumed = run("operator", "queue", "resume", "--json")

    assert (refused.exit_code, "needs a key with the scope admin" in refused.stderr) == (4, True), refused.output
    assert paused.stderr == "The queue is paused. Resume it: batchyard queue resume\n"
    assert "The queue is paused" in status.stderr
    shown = resumed.stdout.splitlines()[-1]  # after the audit log of the server, which runs in this process
    assert json.loads(shown)["paused"] is False
