"""Pausing, resuming and cancelling with real trainers, on both databases."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.jobs.retry import SpecChanges
from services.nudges import Bell
from services.wiring.base import Base
from tests.hold import Hold, until
from tests.integration.worker.workers import HELD, LONG, Worker, finished, rang, result
from tests.make import make_job


def test_a_job_that_was_paused_again_and_again_ends_with_the_bits_of_one_that_was_not(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    worker = start()
    calm = make_job(joined, **HELD)
    assert finished(joined, bell, calm.id).status == "succeeded"
    job = make_job(joined, **HELD)
    pauses = 0
    while pauses < 4:
        hold = Hold(points, "trainer.epoch")
        hold.next(lambda: rang(joined, bell))
        trainers = worker.trainers
        joined.jobs.commands.pause("local", job.id)
        hold.end(asked=pauses % 2 == 0)  # else it is asked somewhere in the next epochs, or ends before
        until(lambda: joined.jobs.lookup.get("local", job.id).status in {"paused", "succeeded"}, timeout_s=10)
        if joined.jobs.lookup.get("local", job.id).status == "succeeded":
            break
        until(lambda trainers=trainers: not any(trainer.alive for trainer in trainers))
        pauses += 1
        joined.jobs.commands.resume("local", job.id)

    done = finished(joined, bell, job.id)

    assert pauses >= 1
    assert (done.status, done.run.attempt) == ("succeeded", pauses + 1)
    assert result(joined, job.id) == result(joined, calm.id)
    until(lambda: not worker.trainers)


def test_a_paused_job_frees_its_worker_for_others(joined: Base, bell: Bell, start: Callable[[], Worker]) -> None:
    start()
    paused = [make_job(joined, **LONG | {"epochs": 100_000, "seed": n}) for n in range(2)]
    until(
        lambda: rang(joined, bell) and all(joined.jobs.lookup.get("local", it.id).training.epochs_done for it in paused)
    )
    other = make_job(joined)

    for job in paused:
        joined.jobs.commands.pause("local", job.id)
    done = finished(joined, bell, other.id)

    assert done.status == "succeeded"
    until(lambda: {joined.jobs.lookup.get("local", job.id).status for job in paused} == {"paused"})
    last = joined.jobs.lookup.checkpoint("local", paused[0].id, "last")
    time.sleep(0.5)
    assert joined.jobs.lookup.checkpoint("local", paused[0].id, "last") == last
    assert joined.jobs.commands.cancel("local", paused[0].id).status == "cancelled"


@pytest.mark.parametrize("stop", ["cancel", "pause"])
def test_a_trainer_that_is_stuck_in_a_batch_is_killed_and_the_request_is_met(
    joined: Base, bell: Bell, start: Callable[[], Worker], stop: str
) -> None:
    worker = start()
    job = make_job(joined, **LONG | {"epochs": 100_000})
    until(lambda: rang(joined, bell) and joined.jobs.lookup.get("local", job.id).training.best.epoch)
    trainer = worker.trainers[0]
    os.kill(trainer.pid, signal.SIGSTOP)

    began = time.monotonic()
    first = {"cancel": joined.jobs.commands.cancel, "pause": joined.jobs.commands.pause}[stop]("local", job.id).status
    until(lambda: joined.jobs.lookup.get("local", job.id).status in {"cancelled", "paused"}, timeout_s=10)
    took = time.monotonic() - began

    found = joined.jobs.lookup.get("local", job.id)
    assert (first, found.status) == {"cancel": ("cancelling", "cancelled"), "pause": ("pausing", "paused")}[stop]
    assert not trainer.alive
    assert stop == "pause" or took < 3
    assert joined.jobs.lookup.checkpoint("local", job.id, "best").epoch == found.training.best.epoch
    assert found.outcome.error is None


def test_a_job_whose_trainer_dies_at_once_is_tried_three_times_and_says_whose_fault_it_is(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    start()
    hold = Hold(points, "trainer.started")
    job = make_job(joined, **LONG | {"epochs": 1})
    killed: set[int] = set()
    for _ in range(3):
        killed.add(trainer := hold.next(lambda: rang(joined, bell)))
        os.kill(trainer, signal.SIGSEGV)

    found = finished(joined, bell, job.id)

    assert (found.status, found.run.attempt, len(killed)) == ("failed", 3, 3)
    assert found.outcome.error is not None
    assert (found.outcome.error["code"], found.outcome.error["class"], found.outcome.error["retryable"]) == (
        "crashed",
        "infrastructure",
        True,
    )
    assert "3 times in a row" in found.outcome.error["message"]


def test_the_suggestion_of_a_job_that_diverged_brings_one_that_does_not(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    start()
    data = {"x": [[float(n)] for n in range(20)], "y": [3.0 * n for n in range(20)], "scale": "none"}
    sgd = {"type": "sgd", "lr": 0.02}
    job = make_job(joined, data=data | {"target_scale": "none"}, split="none", batch_size=4, epochs=500, optimizer=sgd)
    failed = finished(joined, bell, job.id)

    retried = joined.jobs.retry.retry("local", job.id, SpecChanges({"epochs": 20}, suggested=True)).job
    done = finished(joined, bell, retried.id)

    assert (failed.status, failed.run.attempt, done.status) == ("failed", 1, "succeeded")
    assert done.origin.retry_of == job.id
    assert done.training.best.value is not None
    assert done.training.best.value < 1
