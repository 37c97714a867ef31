"""What ships as `docker compose up`, from outside: healthy, trains, survives down and up, and scales."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.settings import child_environment
from tests.stack import TUTORIAL

ROOT = Path(__file__).parents[2]
PORT = "8641"
URL = f"http://127.0.0.1:{PORT}"

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]


def compose(*arguments: str) -> str:
    """Run `docker compose` in a project of its own and return what it prints."""
    environ = child_environment(COMPOSE_PROJECT_NAME="batchyard-test", BATCHYARD_PORT=PORT)
    done = subprocess.run(["docker", "compose", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def stack() -> Iterator[httpx2.Client]:
    """The whole stack, built and healthy."""
    compose("up", "-d", "--wait", "--build")
    with httpx2.Client(base_url=URL, timeout=70) as http:
        yield http
    compose("down", "--volumes", "--timeout", "20")


def test_every_service_is_healthy_and_only_the_api_is_published_on_loopback(stack: httpx2.Client) -> None:
    services = {
        entry["Service"]: entry
        for line in compose("ps", "--format", "json").splitlines()
        for entry in [json.loads(line)]
    }
    published = {
        name: entry["Publishers"]
        for name, entry in services.items()
        if any(p["PublishedPort"] for p in entry["Publishers"] or [])
    }

    assert {name: entry["Health"] for name, entry in services.items()} == dict.fromkeys(
        ["api", "dispatcher", "postgres", "redis", "worker"], "healthy"
    )
    assert list(published) == ["api"]
    assert {p["URL"] for p in published["api"] if p["PublishedPort"]} == {"127.0.0.1"}


def test_the_tutorials_job_is_trained_and_answers_and_survives_down_and_up(stack: httpx2.Client) -> None:
    job = stack.post("/api/v1/jobs", json=TUTORIAL, headers={"Prefer": "wait=60"}).json()
    answer = _predicted(stack, job["id"])

    compose("down", "--timeout", "20")
    compose("up", "-d", "--wait")

    assert job["status"] == "succeeded"
    assert answer == pytest.approx(152, abs=3)
    assert _predicted(stack, job["id"]) == answer
    assert stack.get(f"/api/v1/jobs/{job['id']}").json()["status"] == "succeeded"


def test_three_workers_share_the_jobs(stack: httpx2.Client) -> None:
    compose("up", "-d", "--wait", "--scale", "worker=3")
    ids = [stack.post("/api/v1/jobs", json=TUTORIAL | {"seed": seed}).json()["id"] for seed in range(12)]

    jobs = [_done(stack, job_id) for job_id in ids]

    assert {job["status"] for job in jobs} == {"succeeded"}
    assert len({job["worker"]["id"] for job in jobs}) > 1


def test_a_worker_that_is_stopped_puts_its_job_back_and_another_goes_on(stack: httpx2.Client) -> None:
    slow = {"data": {"builtin": "digits"}, "model": "mlp", "epochs": 400, "early_stopping": False}
    job_id = stack.post("/api/v1/jobs", json=slow).json()["id"]
    _until(lambda: (stack.get(f"/api/v1/jobs/{job_id}").json()["progress"] or {}).get("epoch", 0) >= 2)

    compose("restart", "--timeout", "30", "worker")
    job = _done(stack, job_id)

    assert job["status"] == "succeeded"
    assert job["attempt"] > 1
    assert job["progress"]["epoch"] == 400


def test_the_gpu_overlay_is_valid_and_asks_for_a_gpu(stack: httpx2.Client) -> None:
    found = json.loads(compose("-f", "compose.yaml", "-f", "compose.gpu.yaml", "config", "--format", "json"))
    worker = found["services"]["worker-gpu"]

    assert worker["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]
    assert worker["image"].endswith("-cuda")
    assert "--device=cuda" in worker["command"]


def _predicted(stack: httpx2.Client, job_id: str) -> float:
    answer = stack.post(f"/api/v1/jobs/{job_id}/predict", json={"x": [[73, 80, 75]]})
    assert answer.status_code == 200, answer.text
    return float(answer.json()["predictions"][0])


def _done(stack: httpx2.Client, job_id: str) -> dict[str, Any]:
    _until(lambda: stack.get(f"/api/v1/jobs/{job_id}").json()["done"])
    found: dict[str, Any] = stack.get(f"/api/v1/jobs/{job_id}").json()
    return found


def _until(is_so: Any, timeout_s: float = 180) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)
