"""A job whose steps need more memory than there is goes on with fewer rows at a time, on both databases."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.nudges import Bell
from services.settings import Settings
from services.wiring.base import Base
from tests.integration.worker.workers import Worker, finished
from tests.make import make_job

ROWS = 4096
#: A step holds some arrays of rows x 4,096 float32: at 4,096 rows 64 MiB each.
WIDE = {
    "data": {"x": [[float(n % 7), float(n % 5)] for n in range(ROWS)], "y": [float(n % 3) for n in range(ROWS)]},
    "model": {"type": "mlp", "hidden": [4096, 16], "dropout": 0.0},
    "split": "none",
    "batch_size": "full",
    "epochs": 4,
    "early_stopping": False,
    "optimizer": {"type": "sgd", "lr": 0.001},
}


@pytest.fixture
def with_queue(settings: Settings, valkey: str) -> Settings:
    """Settings with a real queue, and trainers with little memory."""
    return replace(settings, redis_url=valkey, trainer_memory_bytes=400 * 2**20)


def test_the_micro_batch_is_halved_until_the_step_fits_and_the_costs_stay_the_same(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    start()
    job = make_job(joined, **WIDE)

    done = finished(joined, bell, job.id)

    assert done.status == "succeeded", done.outcome.error
    told = [e.data for e in joined.jobs.lookup.events("local", job.id) if e.data.get("reason") == "out_of_memory"]
    sizes = [data["micro_batch_size"] for data in told]
    assert sizes == [ROWS // 2 ** (n + 1) for n in range(len(sizes))]
    assert sizes
    halved = [one for one in done.run.adjustments if one["what"] == "micro_batch_size"]
    assert [(one["before"], one["after"]) for one in halved] == [(2 * size, size) for size in sizes]
    assert "memory" in halved[0]["why"]
    small = finished(joined, bell, make_job(joined, **WIDE, micro_batch_size=64).id)
    costs = [[e.train_cost for e in joined.jobs.lookup.epochs("local", of)] for of in (job.id, small.id)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-5)
