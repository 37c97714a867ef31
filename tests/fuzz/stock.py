"""What a service in use has in it: jobs in every state, checkpoints, data sets, models, a webhook, a worker."""

import time
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.stack import Stack

TABLE = "size,rooms,price\n" + "".join(f"{40 + n % 7 * 12},{n % 4 + 1},{100 + n % 7 * 30}\n" for n in range(60))
FLOWERS = {"data": {"builtin": "iris"}, "model": "mlp", "epochs": 3, "checkpoint": {"every_epochs": 1}}
INLINE = {
    "data": {"x": [[n, n * n] for n in range(12)], "y": [[3 * n] for n in range(12)]},
    "model": "linear",
    "split": {"type": "none"},
    "epochs": 2,
}
LONG = {"data": {"builtin": "digits"}, "model": "mlp", "epochs": 100_000, "early_stopping": False}
DIVERGING = INLINE | {"optimizer": {"type": "sgd", "lr": 1e30}, "epochs": 50}
MODEL, ALIAS = "flowers", "production"
RECEIVER = "http://127.0.0.1:9/hook"  #: nobody answers there


@dataclass(frozen=True)
class Stock:
    """The names of what is there, by what they name."""

    jobs: list[str]
    checkpoints: list[str]
    datasets: list[str]
    webhooks: list[str]
    predictions: list[str]
    keys: list[str]
    shares: list[str]
    workers: list[str]


def fill(stack: Stack) -> Stock:
    """Make everything over HTTP, and return its names."""
    datasets = [_made(stack, "/api/v1/datasets?name=houses.csv", content=TABLE, headers={"Content-Type": "text/csv"})]
    houses = {"data": {"dataset": datasets[0]["id"], "target": "price"}, "model": "linear", "epochs": 2}
    flowers, inline, sold = stack.submit(FLOWERS | {"name": "flowers"}), stack.submit(INLINE), stack.submit(houses)
    failed = stack.submit(DIVERGING | {"name": "diverged"})
    ended = [stack.finished(job) for job in (flowers, inline, sold, failed)]
    assert [job["status"] for job in ended] == ["succeeded"] * 3 + ["failed"], ended
    cancelled = stack.submit(LONG | {"name": "cancelled"})
    stack.http.post(f"/api/v1/jobs/{cancelled}/cancel")
    paused = stack.submit(LONG | {"name": "paused"})
    until(stack, paused, "running")
    stack.http.post(f"/api/v1/jobs/{paused}/pause")
    until(stack, paused, "paused")
    running = stack.submit(LONG | {"name": "running"})
    until(stack, running, "running")
    for job in (flowers, flowers):
        _made(stack, f"/api/v1/models/{MODEL}/versions", json={"job": job})
    stack.http.put(f"/api/v1/models/{MODEL}/aliases/{ALIAS}", json={"version": 1}).raise_for_status()
    hook = _made(stack, "/api/v1/webhooks", json={"url": RECEIVER})
    rows = {"job": sold, "dataset": datasets[0]["id"]}
    predicted = _made(stack, "/api/v1/predictions", json=rows)
    key = _made(stack, "/api/v1/keys", json={"owner": "somebody"})
    share = _made(stack, "/api/v1/shares", json={"job": flowers, "reader": "somebody"})
    kept = [one["id"] for one in stack.json(f"/api/v1/jobs/{flowers}/checkpoints")["data"]]
    return Stock(
        jobs=[flowers, inline, sold, failed, cancelled, paused, running, "flowers"],
        checkpoints=["best", "last", "epoch:1", *kept],
        datasets=[datasets[0]["id"], "houses.csv"],
        webhooks=[hook["id"]],
        predictions=[predicted["id"]],
        keys=[key["id"]],
        shares=[share["id"]],
        workers=[worker["id"] for worker in stack.json("/api/v1/workers")["data"]],
    )


def until(stack: Stack, job: str, status: str, timeout_s: float = 60) -> None:
    """Wait until a job has a status."""
    deadline = time.monotonic() + timeout_s
    while (found := stack.json(f"/api/v1/jobs/{job}"))["status"] != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def _made(stack: Stack, path: str, **request: Any) -> Any:
    answer: httpx2.Response = stack.http.post(path, **request)
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json()
