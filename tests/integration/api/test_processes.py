"""A job on more processes than a worker has is refused over HTTP, with what would be right."""

from typing import Any

from flask.testing import FlaskClient

from services.queue.workers import Sign
from services.wiring.base import Base

ROWS: dict[str, Any] = {"x": [[float(n)] for n in range(40)], "y": [2.0 * n for n in range(40)]}


def test_the_largest_worker_that_is_online_decides(client: FlaskClient, joined: Base) -> None:
    body = {"data": ROWS, "model": "linear", "epochs": 2, "processes": 3}
    assert client.post("/api/v1/jobs?validate_only=true", json=body).status_code == 200  # nobody is there to refuse it
    joined.queue.workers.seen(Sign("of an older release", "cpu", 1, {}))
    joined.queue.workers.seen(Sign("small", "cpu", 1, {}, processes=2))

    refused = client.post("/api/v1/jobs", json=body)
    joined.queue.workers.seen(Sign("large", "cpu", 1, {}, processes=3))
    taken = client.post("/api/v1/jobs", json=body)

    (fault,) = refused.get_json()["errors"]
    assert (refused.status_code, fault["pointer"], fault["suggestion"]) == (422, "#/processes", 2)
    assert (taken.status_code, taken.get_json()["spec"]["processes"]) == (202, 3)
    shown = client.get("/api/v1/workers").get_json()["data"]
    assert [worker["versions"] for worker in shown] == [{}] * 3
