"""The queue and the workers over HTTP, on both databases."""

from flask.testing import FlaskClient

from services.queue.workers import Sign
from services.wiring.base import Base
from tests.make import make_job


def test_the_queue_shows_what_waits_why_and_who_works(client: FlaskClient, joined: Base) -> None:
    joined.queue.workers.seen(Sign("cpu-1@host", "cpu", 1, {"torch": "2.13.0"}))
    running, waits = make_job(joined), make_job(joined, seed=1, priority=-2)
    joined.queue.claims.claim("cpu", "cpu-1@host")

    shown = client.get("/api/v1/queue").json

    assert [queue["name"] for queue in shown["queues"]] == ["cpu", "cuda"]
    assert (shown["queues"][0]["queued"], shown["queues"][0]["running"]) == (1, 1)
    assert shown["queues"][0]["oldest_wait_seconds"] >= 0
    assert shown["queues"][0]["expected_start_seconds"] == 2.0  # nobody knows how long it takes: it yields
    first, second = shown["jobs"]
    assert (first["id"], first["status"], first["position"], first["reason"]) == (running.id, "running", None, None)
    assert (second["id"], second["position"], second["priority"]) == (waits.id, 1, -2)
    assert second["expected_finish"] is None  # nothing was ever trained here
    assert second["reason"] == {"code": "slots_busy", "message": "The one slot is busy, and it is next."}
    assert [worker["jobs"] for worker in shown["workers"]] == [[running.id]]


def test_workers_are_listed(client: FlaskClient, joined: Base) -> None:
    joined.queue.workers.seen(Sign("cpu-1@host", "cpu", 2, {"torch": "2.13.0"}, memory_bytes=4 << 30))

    (worker,) = client.get("/api/v1/workers").json["data"]

    assert (worker["id"], worker["status"], worker["slots"], worker["jobs"]) == ("cpu-1@host", "idle", 2, [])
    assert (worker["versions"], worker["memory_bytes"]) == ({"torch": "2.13.0"}, 4 << 30)
    assert worker["heartbeat_age_seconds"] < 60


def test_a_query_that_is_not_known_is_refused(client: FlaskClient) -> None:
    assert client.get("/api/v1/queue?owner=b").status_code == 422
    assert client.get("/api/v1/workers?limit=3").status_code == 422


def test_a_worker_is_drained_and_undrained(client: FlaskClient, joined: Base) -> None:
    joined.queue.workers.seen(Sign("cpu-1@host", "cpu", 2, {}))
    job = make_job(joined)
    joined.queue.claims.claim("cpu", "cpu-1@host")

    drained = client.post("/api/v1/workers/cpu-1@host/drain")

    assert (drained.status_code, drained.json["status"], drained.json["jobs"]) == (200, "draining", [job.id])
    assert client.get("/api/v1/workers").json["data"][0]["status"] == "draining"
    assert client.post("/api/v1/workers/cpu-1@host/undrain").json["status"] == "busy"


def test_a_worker_that_is_not_there_is_not_drained(client: FlaskClient) -> None:
    refused = client.post("/api/v1/workers/cpu-9@nowhere/drain")

    assert refused.status_code == 404
    assert "No worker 'cpu-9@nowhere' is online." in refused.json["detail"]


def test_the_queue_is_paused_and_resumed(client: FlaskClient, joined: Base) -> None:
    make_job(joined)
    free = client.get("/api/v1/queue").json
    page = {"Accept": "text/html"}

    paused = client.post("/api/v1/queue/pause")

    assert (paused.status_code, paused.json["paused"], free["paused"], free["paused_at"]) == (200, True, False, None)
    assert paused.json["paused_at"] == client.post("/api/v1/queue/pause").json["paused_at"] is not None
    assert paused.json["jobs"][0]["reason"]["code"] == "queue_paused"
    assert all("The queue is paused" in client.get(path, headers=page).text for path in ("/", "/new", "/queue"))
    assert "Resume the queue" in client.get("/queue", headers=page).text
    resumed = client.post("/api/v1/queue/resume").json
    assert (resumed["paused"], resumed["jobs"][0]["reason"]["code"]) == (False, "no_worker")
    assert "Pause the queue" in client.get("/queue", headers=page).text
