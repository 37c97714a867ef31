"""A job on several processes: it comes to what one process comes to, whoever of them is killed."""

import math
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.nudges import Bell, top_up
from services.settings import Settings
from services.wiring.base import Base
from tests.hold import until
from tests.integration.worker.workers import Worker, finished
from tests.make import make_job
from tests.processes import Process, below

#: The last batch of an epoch has a single row: all but one of the processes have nothing of it.
SMALL: dict[str, Any] = {
    "data": {
        "x": [[n % 7 - 3.0, (n * n) % 5 - 2.0, (n * 3) % 11 / 11] for n in range(91)],
        "y": [(n * 3) % 11 + 0.5 * (n % 7) for n in range(91)],
    },
    "split": {"type": "random", "validation": 0.2},
    "model": {"type": "mlp", "hidden": [8], "dropout": 0.0},
    "batch_size": 8,
    "epochs": 4,
    "early_stopping": False,
}
#: Classes with weights, clipped gradients, parts of parts in another precision, and a learning rate for each step.
WEIGHTED = SMALL | {
    "data": {"x": SMALL["data"]["x"], "y": ["abc"[n % 7 % 3] for n in range(91)]},
    "split": "none",
    "loss": {"type": "cross_entropy", "class_weight": [1.0, 5.0, 0.5]},
    "scheduler": {"type": "onecycle", "max_lr": 0.01},
    "gradient_clip": {"norm": 0.1},
    "micro_batch_size": 2,
}
#: What dropout draws has to be the same after a kill as well.
RANDOM = SMALL | {"model": {"type": "mlp", "hidden": [8], "dropout": 0.2}}


@pytest.fixture
def with_queue(settings: Settings, valkey: str) -> Settings:
    """Settings with a real queue, and workers that run a job on more processes than this machine may have cores."""
    return replace(settings, redis_url=valkey, worker_processes=4, evaluation_s=0.0)


def costs(joined: Base, job_id: str) -> list[tuple[float, float]]:
    """Return the costs of each epoch, infinite where no rows validate."""
    return [
        (e.train_cost, math.inf if e.val_cost is None else e.val_cost)
        for e in joined.jobs.lookup.epochs("local", job_id)
    ]


def processes_of(worker: Worker) -> list[Process]:
    """Return the processes of the one job that a worker trains, by rank."""
    return [process for trainer in worker.trainers for process in [trainer, *below(trainer.pid)]]


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_two_and_four_processes_have_the_costs_of_one(joined: Base, bell: Bell, start: Callable[[], Worker]) -> None:
    start()
    jobs = [make_job(joined, **job, processes=n) for job in (SMALL, WEIGHTED) for n in (1, 2, 4)]

    ended = [finished(joined, bell, job.id) for job in jobs]

    assert [one.status for one in ended] == ["succeeded"] * 6, [one.outcome.error for one in ended]
    assert [one.run.environment["processes"] for one in ended] == [1, 2, 4] * 2
    found = [np.array(costs(joined, job.id)) for job in jobs]
    for alone, *together in (found[:3], found[3:]):
        assert np.isfinite(alone[:, 0]).all()
        for one in together:
            np.testing.assert_allclose(one, alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_whichever_process_is_killed_and_after_a_pause_the_costs_are_those_of_an_undisturbed_job(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    worker, count = start(), 4
    job = make_job(joined, **RANDOM | {"epochs": 100_000}, processes=count)

    def has_trained(more: int = 1) -> int:
        """Wait for so many further epochs of all processes; return how many are done."""
        before = joined.jobs.lookup.get("local", job.id).training.epochs_done

        def is_so() -> bool:
            top_up(bell, joined.eligible, "cpu")
            training = joined.jobs.lookup.get("local", job.id).training
            return training.epochs_done >= before + more and len(processes_of(worker)) == count

        until(is_so)
        return joined.jobs.lookup.get("local", job.id).training.epochs_done

    for rank in range(count):
        has_trained()
        there = processes_of(worker)
        os.kill(there[rank].pid, signal.SIGKILL)
        until(lambda there=there: not any(process.alive for process in there), timeout_s=10)
    has_trained()
    joined.jobs.commands.pause("local", job.id)
    until(lambda: joined.jobs.lookup.get("local", job.id).status == "paused")
    assert processes_of(worker) == []
    joined.jobs.commands.resume("local", job.id)
    reached = has_trained(more=2)
    joined.jobs.commands.cancel("local", job.id)

    disturbed = joined.jobs.lookup.get("local", job.id)
    calm = make_job(joined, **RANDOM | {"epochs": reached}, processes=count)
    assert finished(joined, bell, calm.id).run.attempt == 1
    assert disturbed.run.attempt == count + 2
    assert costs(joined, job.id)[:reached] == costs(joined, calm.id)
