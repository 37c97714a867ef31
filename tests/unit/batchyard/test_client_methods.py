"""What the client makes of answers: jobs side by side, answers with their headers, a job in a notebook."""

import asyncio
from typing import Any

import httpx2
import pytest

from batchyard import Client
from batchyard.aio import Client as AioClient

SPECS = {
    "a": {"model": {"type": "mlp", "hidden": [8]}, "optimizer": {"lr": 0.1}, "epochs": 5},
    "b": {"model": {"type": "mlp", "hidden": [16]}, "optimizer": {"lr": 0.1}, "epochs": 5},
}
METRICS = {"columns": ["epoch", "train_cost", "val_cost"], "data": [[1, 0.9, 1.0], [2, 0.4, 0.5]]}


def job(name: str) -> dict[str, Any]:
    """Return a job as a server has it."""
    best = {"epoch": 2, "metric": "val_cost", "value": {"a": 0.5, "b": 0.25}[name]}
    latest = {"epoch": 3, "train_cost": 0.125, "lr": 0.1}
    return {
        "id": f"job_{name}",
        "name": name,
        "status": "succeeded",
        "done": True,
        "spec": SPECS[name],
        "best": best,
        "latest": latest,
    }


def answer(request: httpx2.Request) -> httpx2.Response:
    """Answer as a server with the jobs a and b."""
    path = request.url.path
    headers = {"X-Request-Id": "req_1"}
    if path.endswith("/metrics"):
        return httpx2.Response(200, json=METRICS, headers=headers)
    if path == "/api/v1/jobs":
        return httpx2.Response(200, json={"data": [job("b"), job("a")], "next": None}, headers=headers)
    return httpx2.Response(200, json=job(path.rpartition("/")[2][-1]), headers=headers)


@pytest.fixture
def by() -> Client:
    """A client of that server."""
    return Client("http://server", transport=httpx2.MockTransport(answer))


def test_jobs_stand_side_by_side_with_what_differs(by: Client) -> None:
    found = by.compare("*")
    table = found if isinstance(found, dict) else found.to_dict("list")

    assert table["name"] == ["b", "a"]
    assert table["model.hidden"] == [[16], [8]]
    assert "optimizer.lr" not in table
    assert table["best_val_cost"] == [0.25, 0.5]
    assert table["last_train_cost"] == [0.125, 0.125]


def test_a_result_comes_with_its_answer_if_that_is_wanted(by: Client) -> None:
    found = by.jobs.with_raw_response.get("job_a")

    assert found.result.name == "a"
    assert (found.status, found.headers["X-Request-Id"]) == (200, "req_1")

    async def same() -> Any:
        client = AioClient("http://server", transport=httpx2.MockTransport(answer))
        return await client.jobs.with_raw_response.get("job_b")

    assert asyncio.run(same()).result.name == "b"


def test_a_notebook_shows_the_curve_that_was_read_and_asks_nothing(by: Client) -> None:
    one = by.job("job_a")
    assert "<svg" not in one._repr_mimebundle_()["text/html"]

    one.epochs()

    bundle = one._repr_mimebundle_()
    assert "<svg" in bundle["text/html"]
    assert bundle["text/plain"] == "<Job a job_a: succeeded, best val_cost 0.5>"
