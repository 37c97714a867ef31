"""What the API says of a worker that does nothing although jobs wait."""

from flask.testing import FlaskClient

from services.queue.workers import Sign
from services.wiring.base import Base
from tests.make import make_job


def test_a_stuck_worker_stands_in_readyz_in_the_workers_and_in_the_jobs_reason(
    client: FlaskClient, joined: Base
) -> None:
    joined.queue.workers.seen(Sign("cpu-1@host", "cpu", 1, {"torch": "2.13.0"}, fault="stuck"))
    job = make_job(joined)

    ready = client.get("/readyz")
    worker = client.get("/api/v1/workers").json["data"][0]  # type: ignore[index]
    queue = client.get(f"/api/v1/jobs/{job.id}").json["queue"]  # type: ignore[index]

    check = ready.json["checks"]["workers"]  # type: ignore[index]
    assert ready.status_code == 200
    assert (check["ok"], ready.json["workers_online"]) == (False, 0)  # type: ignore[index]
    assert "cpu-1@host is stuck" in check["error"]
    assert worker["status"] == "stuck"
    assert queue["reason"]["code"] == "worker_stuck"


def test_a_sound_worker_beside_a_stuck_one_still_takes_jobs(client: FlaskClient, joined: Base) -> None:
    joined.queue.workers.seen(Sign("cpu-1@host", "cpu", 1, {}, fault="stuck"))
    joined.queue.workers.seen(Sign("cpu-2@host", "cpu", 1, {}))
    job = make_job(joined)

    queue = client.get(f"/api/v1/jobs/{job.id}").json["queue"]  # type: ignore[index]

    assert client.get("/readyz").json["workers_online"] == 1  # type: ignore[index]
    assert queue["reason"]["code"] == "starting"
