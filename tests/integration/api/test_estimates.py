"""What a job is expected to take, and whether a worker has the memory for it, over HTTP on both databases."""

from typing import Any

from flask.testing import FlaskClient

from services.queue.workers import Sign
from services.wiring.base import Base

ROWS: dict[str, Any] = {"x": [[float(n)] for n in range(40)], "y": [2.0 * n for n in range(40)]}
WIDE = {"type": "mlp", "hidden": [6_000, 6_000]}  # 36 million weights


def submit(client: FlaskClient, model: Any = "linear", query: str = "") -> Any:
    return client.post(f"/api/v1/jobs{query}", json={"data": ROWS, "model": model, "epochs": 2})


def online(joined: Base, memory_bytes: int, name: str = "w") -> None:
    joined.queue.workers.seen(Sign(name, "cpu", 1, {}, memory_bytes))


def test_a_check_and_a_job_show_the_same_estimate(client: FlaskClient) -> None:
    checked = submit(client, query="?validate_only=true").get_json()["estimate"]
    job = submit(client).get_json()

    assert job["estimate"] == checked
    assert (checked["steps_per_epoch"], checked["seconds_per_epoch"]) == (4, None)
    assert 0 < checked["least_memory_bytes"] <= checked["memory_bytes"] < 50 << 20
    assert "estimate" not in job["model_summary"]
    assert client.get(f"/api/v1/jobs/{job['id']}").get_json()["estimate"] == checked


def test_a_job_that_no_online_worker_can_hold_is_refused(client: FlaskClient, joined: Base) -> None:
    assert submit(client, WIDE, "?validate_only=true").status_code == 200  # nobody is there to say what fits
    online(joined, 600 << 20)

    refused = submit(client, WIDE)

    assert refused.status_code == 422
    (fault,) = refused.get_json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("#/model", "out_of_memory")
    assert "the largest cpu worker that is online has 250 MiB for a job" in fault["detail"]


def test_one_large_worker_is_enough(client: FlaskClient, joined: Base) -> None:
    online(joined, 600 << 20)
    online(joined, 16 << 30, "large")

    assert submit(client, WIDE).status_code == 202


def test_a_job_that_may_not_fit_is_warned_of(client: FlaskClient, joined: Base) -> None:
    online(joined, 2 << 30)

    job = submit(client, WIDE).get_json()

    assert [warning["code"] for warning in job["warnings"]].count("memory_short") == 1
