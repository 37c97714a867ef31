"""A worker that trains long jobs serves the short ones that come, and the long ones lose nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.nudges import Bell
from services.settings import Settings
from services.wiring.base import Base
from tests.hold import Hold
from tests.integration.worker.workers import HELD, LONG, Worker, finished, rang, result
from tests.make import make_job


@pytest.fixture
def with_queue(with_queue: Settings) -> Settings:
    """Settings with a real queue, under which a job is short for a moment only."""
    return replace(with_queue, short_job_s=0.5)


def test_long_jobs_yield_after_an_epoch_to_a_short_one_and_end_with_the_same_bits(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    start()  # two slots
    hold = Hold(points, "trainer.epoch")
    first = make_job(joined, **LONG | {"epochs": 100_000})
    long = make_job(joined, **HELD)
    for _ in range(2):
        hold.next(lambda: rang(joined, bell))

    short = make_job(joined, seed=1)
    hold.end(asked=True)
    done = finished(joined, bell, short.id)

    assert done.status == "succeeded"
    assert not joined.jobs.lookup.get("local", first.id).done
    joined.jobs.commands.cancel("local", first.id)
    calm = make_job(joined, **HELD)
    ended = finished(joined, bell, long.id)
    assert finished(joined, bell, calm.id).status == ended.status == "succeeded"
    assert result(joined, long.id) == result(joined, calm.id)
    told = [e for job in (first, long) for e in joined.jobs.lookup.events("local", job.id) if e.type == "requeued"]
    assert {event.message for event in told} == {"yields to a shorter job"}
    epochs = [event.data["epoch"] for event in joined.jobs.lookup.events("local", long.id) if event.type == "epoch"]
    assert epochs == sorted(set(epochs))
