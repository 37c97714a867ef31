"""What each worker has done: jobs end on both databases, and everybody who shows workers shows the same counts."""

from typing import Any

from flask.testing import FlaskClient

from batchyard.commands.workers import line
from services.attempts.crash import Crash
from services.queue.workers import Sign
from services.wiring.base import Base
from tests.make import make_job, train

SEEN = Sign("test", "cpu", 2, {})  #: the worker of `train`
OTHER = Sign("cpu-2@host", "cpu", 1, {})
CRASH = Crash("worker_lost", "It died.")


def workers(client: FlaskClient) -> dict[str, dict[str, Any]]:
    """Return the workers by id; those of the queue are the same."""
    listed = client.get("/api/v1/workers").json["data"]
    ended = [(one["id"], one["done"], one["failed"]) for one in listed]
    assert ended == [(one["id"], one["done"], one["failed"]) for one in client.get("/api/v1/queue").json["workers"]]
    return {one["id"]: one for one in listed}


def test_a_worker_counts_the_jobs_that_succeeded_and_failed_there(client: FlaskClient, joined: Base) -> None:
    for sign in (SEEN, OTHER):
        joined.workers.seen(sign)
    done = [train(joined, make_job(joined, owner=owner).id, owner) for owner in ("local", "local", "somebody")]
    make_job(joined)
    failed = joined.claims.claim("cpu", OTHER.worker)
    assert failed
    joined.lifecycle.crashed(failed, CRASH, final=True)

    joined.workers.seen(SEEN)  # a sign of life keeps them
    joined.commands.delete("local", done[0].id, force=False)
    found = workers(client)

    assert (found["test"]["done"], found["test"]["failed"]) == (3, 0)
    assert (found[OTHER.worker]["done"], found[OTHER.worker]["failed"]) == (0, 1)
    page = client.get("/queue", headers={"Accept": "text/html"}).text
    assert '<td class="n narrow-off">3</td><td class="n narrow-off">0</td>' in page
    assert '<td class="n narrow-off">0</td><td class="n narrow-off">1</td>' in page
    assert "  0/1 busy  0 done, 1 failed  seen " in line(found[OTHER.worker])


def test_an_attempt_that_is_no_end_and_a_cancelled_job_count_nowhere(client: FlaskClient, joined: Base) -> None:
    joined.workers.seen(SEEN)
    for ends in (joined.lifecycle.drained, lambda claim: joined.lifecycle.crashed(claim, CRASH)):
        job = make_job(joined)
        claim = joined.claims.claim("cpu", "test")
        assert claim
        ends(claim)
        assert client.get(f"/api/v1/jobs/{job.id}").json["status"] == "queued"
        joined.commands.cancel("local", job.id)  # it waits: it has no worker any more
    running = make_job(joined)
    claim = joined.claims.claim("cpu", "test")
    assert claim
    joined.commands.cancel("local", running.id)
    joined.lifecycle.stopped(claim)
    assert client.get(f"/api/v1/jobs/{running.id}").json["status"] == "cancelled"

    found = workers(client)["test"]

    assert (found["done"], found["failed"]) == (0, 0)


def test_a_worker_that_starts_again_counts_from_nothing(client: FlaskClient, joined: Base) -> None:
    joined.workers.seen(SEEN)
    train(joined, make_job(joined).id)

    joined.workers.gone("test")
    joined.workers.seen(SEEN)

    assert workers(client)["test"]["done"] == 0


def test_an_older_server_has_no_counts_to_show() -> None:
    old = {"id": "cpu-1@host", "status": "idle", "busy_slots": 0, "slots": 2, "heartbeat_age_seconds": 1.0}

    assert line(old) == "worker cpu-1@host  idle  0/2 busy  seen 1.0 s ago"
