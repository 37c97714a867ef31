"""A real Celery worker on a real queue and both databases: it trains, survives kills, drains and cancels."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import redis
import torch
from safetensors.torch import load

from docs import plain_loop
from services.nudges import Bell, list_of, plain_url, top_up
from services.settings import Settings
from services.wiring.base import Base
from tests.hold import Hold, until
from tests.integration.worker.workers import HELD, LONG, Worker, finished, rang, result
from tests.make import make_job
from tests.processes import below
from tests.stack import TUTORIAL
from worker.main import DRAIN_MARGIN_S


def test_the_tutorials_job_ends_with_the_plain_loops_bits(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    start()
    until(lambda: joined.queue.workers.online("cpu"))  # or there is no row yet that could count
    job = make_job(joined, **TUTORIAL | {"epochs": 100})

    done = finished(joined, bell, job.id)

    model, costs = plain_loop.train(0, 100)
    last = load(joined.jobs.lookup.content(joined.jobs.lookup.checkpoint("local", job.id, "last")))
    assert done.status == "succeeded", done.outcome.error
    assert [(one.done, one.failed) for one in joined.queue.workers.listing("local")] == [(1, 0)]
    assert torch.equal(last["model.weight"], model.weight)
    assert [c for e in range(1, 101) for c in joined.jobs.lookup.batch_costs("local", job.id, e)] == costs


def test_whatever_is_killed_the_job_ends_with_the_same_bits_and_nothing_is_left(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    worker = start()
    calm = make_job(joined, **HELD)
    assert finished(joined, bell, calm.id).status == "succeeded"
    hold = Hold(points, "trainer.epoch")
    job = make_job(joined, **HELD)
    victims: list[Callable[[Worker], list[int]]] = [
        lambda w: [p.pid for p in w.trainers],
        lambda w: [p.pid for p in w.fork_server],
        lambda w: [p.pid for p in w.supervisors],
        lambda w: [w.process.pid],
    ]
    for n, victim in enumerate(victims):
        before = joined.jobs.lookup.get("local", job.id).training.epochs_done
        trainer = hold.next(lambda: rang(joined, bell, reaps=True))
        assert joined.jobs.lookup.get("local", job.id).training.epochs_done > before
        assert os.getpriority(os.PRIO_PROCESS, trainer) == os.getpriority(os.PRIO_PROCESS, 0) + 10  # it gives way
        below_it = below(worker.process.pid)
        for pid in victim(worker):
            os.kill(pid, signal.SIGKILL)
        if n == len(victims) - 1:
            worker.process.wait()
            until(lambda below_it=below_it: not any(p.alive for p in below_it), timeout_s=5)
            start()
    hold.end()

    done = finished(joined, bell, job.id, reaps=True)

    assert done.status == "succeeded", done.outcome.error
    assert done.run.attempt >= len(victims)
    assert result(joined, job.id) == result(joined, calm.id)


def test_what_is_killed_while_it_waits_for_a_job_costs_none_a_try(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    worker = start()
    until(lambda: below(worker.fork_server[0].pid))
    for waiting in below(worker.fork_server[0].pid):
        os.kill(waiting.pid, signal.SIGKILL)

    job = make_job(joined, **LONG | {"epochs": 1})

    assert finished(joined, bell, job.id).run.attempt == 1


def test_a_drained_worker_puts_its_job_back_uncharged_and_another_goes_on_at_the_batch(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    worker = start()
    calm = make_job(joined, **HELD)
    assert finished(joined, bell, calm.id).status == "succeeded"
    hold = Hold(points, "trainer.epoch")
    job = make_job(joined, **HELD)
    hold.next(lambda: rang(joined, bell))

    began = time.monotonic()
    worker.process.send_signal(signal.SIGTERM)
    hold.end(asked=True)
    code = worker.process.wait(timeout=30)
    took = time.monotonic() - began
    put_back = joined.jobs.lookup.get("local", job.id)
    start()
    done = finished(joined, bell, job.id)

    assert (code, took < 10) == (0, True)
    assert put_back.status == "queued"
    assert done.status == "succeeded"
    assert result(joined, job.id) == result(joined, calm.id)


def test_a_worker_that_is_asked_to_end_does_so_whatever_hangs_below_it_and_its_job_goes_on(
    joined: Base, bell: Bell, with_queue: Settings, tmp_path: Path, start: Callable[[], Worker], points: Path
) -> None:
    worker = Worker(replace(with_queue, grace_s=0.5), tmp_path)
    hold = Hold(points, "trainer.epoch")
    job = make_job(joined, **HELD)
    until(lambda: worker.fork_server)
    hold.next(lambda: rang(joined, bell))
    below_it = below(worker.process.pid)
    for process in [*worker.supervisors, *worker.celery]:
        os.kill(process.pid, signal.SIGSTOP)

    began = time.monotonic()
    worker.process.send_signal(signal.SIGTERM)
    worker.process.wait(timeout=30)
    took = time.monotonic() - began

    assert took < 2 * 0.5 + DRAIN_MARGIN_S + 2
    until(lambda: not any(process.alive for process in below_it), timeout_s=5)
    hold.end()
    start()
    assert finished(joined, bell, job.id, reaps=True).status == "succeeded"


def test_a_cancelled_job_stops_within_seconds_and_keeps_its_best(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    start()
    job = make_job(joined, **LONG | {"epochs": 100_000})
    until(lambda: rang(joined, bell) and joined.jobs.lookup.get("local", job.id).training.epochs_done >= 1)

    began = time.monotonic()
    joined.jobs.commands.cancel("local", job.id)
    until(lambda: joined.jobs.lookup.get("local", job.id).done, timeout_s=10)

    found = joined.jobs.lookup.get("local", job.id)
    assert time.monotonic() - began < 3
    assert (found.status, found.outcome.stop_reason) == ("cancelled", "cancelled_by_user")
    assert joined.jobs.lookup.checkpoint("local", job.id, "best").epoch == found.training.best.epoch
    assert joined.jobs.lookup.checkpoint("local", job.id, "last").epoch == found.training.epochs_done


def test_a_diverging_job_fails_with_the_place_and_keeps_what_came_before(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    start()
    data = {
        "x": [[float(n)] for n in range(20)],
        "y": [3.0 * n for n in range(20)],
        "scale": "none",
        "target_scale": "none",
    }
    # Every step multiplies the weights: some epochs are finite, then none is.
    job = make_job(joined, data=data, split="none", batch_size=4, epochs=500, optimizer={"type": "sgd", "lr": 0.02})

    found = finished(joined, bell, job.id)

    assert found.status == "failed"
    assert found.outcome.error is not None
    assert (found.outcome.error["code"], found.outcome.error["pointer"]) == ("nonfinite_cost", "#/optimizer/lr")
    assert (found.outcome.error["class"], found.outcome.error["suggestion"]) == (
        "divergence",
        {"optimizer": {"lr": 0.002}},
    )
    assert found.outcome.error["epoch"] == found.training.epochs_done + 1
    assert (found.outcome.error["epoch"] - 1) * 5 < found.outcome.error["step"] <= found.outcome.error["epoch"] * 5
    assert found.training.best.epoch is not None
    assert joined.jobs.lookup.checkpoint("local", job.id, "best").epoch == found.training.best.epoch


def test_a_queue_that_is_emptied_or_filled_with_rubbish_loses_nothing(
    joined: Base, bell: Bell, start: Callable[[], Worker], valkey: str
) -> None:
    jobs = [make_job(joined, seed=n) for n in range(5)]
    with redis.Redis.from_url(plain_url(valkey)) as client:
        top_up(bell, joined.eligible, "cpu")
        client.flushall()
        client.lpush(list_of("cpu"), b"no json", b"{}", b'{"body": "x", "properties": {}}')
    start()

    done = [finished(joined, bell, job.id) for job in jobs]

    assert {job.status for job in done} == {"succeeded"}
    assert {job.run.attempt for job in done} == {1}


def test_a_job_whose_file_is_gone_fails_and_says_so(joined: Base, bell: Bell, start: Callable[[], Worker]) -> None:
    start()
    job = make_job(joined)
    joined.files.datasets.remove(job.data.sha256)

    found = finished(joined, bell, job.id)

    assert found.status == "failed"
    assert found.outcome.error is not None
    assert found.outcome.error["code"] == "data_unreadable"
