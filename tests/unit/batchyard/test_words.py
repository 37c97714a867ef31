"""Jobs and data sets in words."""

from typing import Any

import httpx2
import pytest

from batchyard.answers import dataset_of
from batchyard.commands import words
from batchyard.configuration import Configuration
from batchyard.job_future import Job
from batchyard.transport import Transport

JOB: dict[str, Any] = {
    "id": "job_1",
    "name": "flowers",
    "status": "succeeded",
    "done": True,
    "stop_reason": "early_stopping",
    "started_at": "2026-11-28T10:00:00Z",
    "finished_at": "2026-11-28T10:00:03.4Z",
    "best": {"epoch": 57, "metric": "val_cost", "value": 0.0912},
    "spec": {"model": {"type": "mlp", "hidden": [64, 64]}, "epochs": 100, "device": "cpu"},
    "model_summary": {"parameters": 4675},
}


def job(**changes: Any) -> Job:
    """Return a job of a server that is asked nothing."""
    transport = Transport(
        Configuration("http://server"),
        timeout_s=1,
        max_retries=0,
        transport=httpx2.MockTransport(lambda _: httpx2.Response(500)),
    )
    return Job(transport, JOB | changes)


def test_a_queued_job_says_what_will_train_where() -> None:
    assert words.queued(job()) == "✓ Queued flowers  mlp [64,64] · 4,675 parameters · ≤ 100 epochs · cpu"


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ({"ahead": 1, "name": "cpu", "workers_online": 1}, "  1 job ahead, 1 cpu worker online"),
        ({"ahead": 0, "name": "cuda", "workers_online": 0}, "  0 jobs ahead, 0 cuda workers online"),
        (None, ""),
    ],
)
def test_its_place_is_told(queue: dict[str, Any] | None, said: str) -> None:
    assert words.place(queue) == said


def test_an_end_says_what_to_do_next() -> None:
    done = words.ended(job(), "http://server")
    failed = words.ended(job(status="failed", error={"message": "It broke.", "hint": "Mend it."}), "http://server")

    assert "succeeded in 3.4s (early stopping)  best epoch 57, val_cost 0.0912" in done
    assert "http://server/jobs/job_1" in done
    assert failed.startswith("✗ flowers failed: It broke. Mend it.")
    assert words.ended(job(status="cancelled"), "") == "flowers is cancelled  best epoch 57, val_cost 0.0912"


def test_an_upload_says_its_size() -> None:
    found = {"id": "ds_1", "name": "rows.csv", "rows": 1_500, "size_bytes": 4_600, "sha256": "0"}

    assert words.uploaded(dataset_of(found)) == "✓ Already there: rows.csv  1,500 rows  (4.6 kB)"
    assert words.uploaded(dataset_of(found | {"columns": [{}, {}]}, was_sent=True)) == (
        "✓ Uploaded rows.csv  1,500 rows × 2 columns  (4.6 kB)"
    )
