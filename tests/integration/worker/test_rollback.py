"""A job that diverges goes back an epoch, with a smaller step size, and says so."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.nudges import Bell
from services.wiring.base import Base
from tests.hold import Hold
from tests.integration.worker.workers import Worker, finished, rang, result
from tests.make import make_job

#: The cost's curvature is 22.5, so that steps above 2 / 22.5 = 0.09 lead away from the minimum.
STEEP: dict[str, Any] = {
    "data": {
        "x": [[3.0 * (n % 4) - 4.5] for n in range(40)],
        "y": [float(n % 4) for n in range(40)],
        "scale": "none",
        "target_scale": "none",
    },
    "model": "linear",
    "loss": "mse",
    "batch_size": 8,
    "epochs": 400,
    "early_stopping": False,
    "on_nonfinite": "rollback",
}


@pytest.mark.parametrize(("lr", "rollbacks"), [(0.005, 0), (3.0, 2)])
def test_a_job_that_diverges_goes_on_with_a_step_size_that_holds(
    joined: Base, bell: Bell, start: Callable[[], Worker], lr: float, rollbacks: int
) -> None:
    start()
    job = make_job(joined, **STEEP, optimizer={"type": "sgd", "lr": lr})

    done = finished(joined, bell, job.id)

    assert (done.status, done.training.epochs_done) == ("succeeded", 400)
    told = [event for event in joined.jobs.lookup.events("local", job.id) if event.type == "rolled_back"]
    assert [event.data["lr"] for event in told] == pytest.approx([lr * 0.1 ** (n + 1) for n in range(rollbacks)])
    told_beside = [(one["what"], one["after"]) for one in done.run.adjustments]
    assert told_beside == [("optimizer.lr", pytest.approx(lr * 0.1 ** (n + 1))) for n in range(rollbacks)]
    epochs = joined.jobs.lookup.epochs("local", job.id)
    assert [epoch.epoch for epoch in epochs] == list(range(1, 401))
    assert all(epoch.train_cost is not None for epoch in epochs)
    assert epochs[-1].lr == pytest.approx(lr * 0.1**rollbacks)
    assert epochs[-1].train_cost < 1e-3


def test_a_job_that_went_back_ends_with_the_same_bits_when_its_trainer_is_killed_on_the_way(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    worker = start()
    steep = STEEP | {"batch_size": 1, "optimizer": {"type": "sgd", "lr": 3.0}, "epochs": 30}
    calm = make_job(joined, **steep)
    assert finished(joined, bell, calm.id).status == "succeeded"
    hold = Hold(points, "trainer.epoch")
    job = make_job(joined, **steep)
    for _ in range(2):
        before = joined.jobs.lookup.get("local", job.id).training.epochs_done
        killed = hold.next(lambda: rang(joined, bell))
        while joined.jobs.lookup.get("local", job.id).training.epochs_done == before:  # after a roll-back not at once
            hold.move("trainer.epoch")
            hold.next()
        os.kill(killed, signal.SIGKILL)
    hold.end()

    done = finished(joined, bell, job.id)

    assert worker.process.poll() is None
    assert (done.status, done.run.attempt) == ("succeeded", 3)
    assert [event.type for event in joined.jobs.lookup.events("local", job.id)].count("rolled_back") == 2
    assert result(joined, job.id) == result(joined, calm.id)


def test_a_job_that_diverges_again_and_again_fails_after_three_times(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    start()
    job = make_job(joined, **STEEP, optimizer={"type": "sgd", "lr": 1e9})

    done = finished(joined, bell, job.id)

    assert (done.status, done.outcome.error and done.outcome.error["code"]) == ("failed", "nonfinite_cost")
    assert sum(event.type == "rolled_back" for event in joined.jobs.lookup.events("local", job.id)) == 3
