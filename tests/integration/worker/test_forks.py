"""What is open in each process of a worker, and a pool whose children are replaced again and again."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.nudges import Bell, top_up
from services.settings import Settings
from services.wiring.base import Base, Intake, base
from tests.hold import until
from tests.integration.worker.workers import Worker
from tests.make import make_job
from tests.processes import below

TINY: dict[str, Any] = {
    "data": {"x": [[1.0], [2.0], [3.0], [4.0]], "y": [2.0, 4.0, 6.0, 8.0]},
    "model": "linear",
    "epochs": 1,
    "split": {"type": "none"},
}


@pytest.fixture
def start(settings: Settings, valkey: str, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Start workers with settings of their own, which are killed at the end."""
    workers: list[Worker] = []

    def begin(**more: Any) -> Worker:
        workers.append(Worker(replace(settings, redis_url=valkey, **more), tmp_path))
        until(lambda: workers[-1].fork_server and len(workers[-1].supervisors) == 2)
        return workers[-1]

    yield begin
    for worker in workers:
        if worker.process.poll() is None:
            worker.stop(signal.SIGKILL)


@pytest.fixture
def bell(valkey: str) -> Iterator[Bell]:
    """A doorbell."""
    bell = Bell(valkey)
    yield bell
    bell.close()


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(os.listdir(f"/proc/{pid}/task"))


def threads_of_supervisors(worker: Worker) -> list[int]:
    """Return how many threads each supervisor has; each had one thread at every look."""
    found = []
    for supervisor in worker.supervisors:
        with suppress(FileNotFoundError, ProcessLookupError):  # it was replaced just now
            found.append(threads(supervisor.pid))
    assert set(found) <= {1}
    return found


def open_files(pid: int) -> list[str]:
    """Return what a process has open."""
    found = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed just now
            found.append(os.readlink(path))
    return found


def test_what_forks_has_one_thread_and_no_database(joined: Base, bell: Bell, start: Callable[..., Worker]) -> None:
    worker = start(supervisor_tasks=3)
    for _ in range(10):
        job = make_job(joined, **TINY)
        until(
            lambda job=job: top_up(bell, joined.eligible, "cpu") >= 0 and joined.jobs.lookup.get("local", job.id).done
        )

    celery, fork_server = worker.celery[0].pid, worker.fork_server[0].pid
    assert (threads(celery), threads(fork_server)) == (1, 1)
    until(lambda: len(counted := threads_of_supervisors(worker)) == 2 and set(counted) == {1})
    if joined.database.is_sqlite:  # of PostgreSQL's connections a process shows but a number
        for pid in (celery, fork_server):
            assert not [name for name in open_files(pid) if "batchyard.db" in name]
        # The one that shows signs of life has it open: or the look above could not fail.
        assert [name for name in open_files(worker.process.pid) if "batchyard.db" in name]


def test_a_trainer_that_waits_for_its_job_has_one_thread_and_one_line_open(
    joined: Base, start: Callable[..., Worker]
) -> None:
    worker = start()
    until(lambda: below(worker.fork_server[0].pid))
    ahead = below(worker.fork_server[0].pid)[0].pid

    until(lambda: len(open_files(ahead)) == 4)  # its own three, and the line on which it hears its job
    assert threads(ahead) == 1


@pytest.mark.alone
def test_supervisors_that_are_replaced_after_three_nudges_claim_every_job_at_once(
    joined: Base, settings: Settings, valkey: str, start: Callable[..., Worker]
) -> None:
    clients, each = 3, 200
    for _ in range(2):
        start(supervisor_tasks=3)
    until(lambda: joined.queue.workers.online("cpu") == 2)

    with ThreadPoolExecutor(clients + 1) as pool:
        ended = threading.Event()
        ringing = pool.submit(_ring_until, ended, settings, valkey)
        submitting = [pool.submit(_submit, joined, settings, each) for _ in range(clients)]
        try:
            longest_s = _longest_idle_s(joined, clients * each)
        finally:
            ended.set()
        for done in (ringing, *submitting):
            done.result()

    assert longest_s < 2.0


def _submit(joined: Base, settings: Settings, count: int) -> None:
    rooms = base(settings, Intake(joined.jobs.service.facts.sizes))
    for _ in range(count):
        make_job(rooms, **TINY)
    rooms.database.close()


def _ring_until(ended: threading.Event, settings: Settings, valkey: str) -> None:
    rooms, bell = base(settings), Bell(valkey)
    while not ended.wait(0.05):
        top_up(bell, rooms.eligible, "cpu")
    bell.close()
    rooms.database.close()


def _longest_idle_s(joined: Base, count: int) -> float:
    """Wait until so many jobs have succeeded; return the longest time in which jobs waited and every slot was free."""
    longest_s, idle_since = 0.0, None
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        with joined.database.reading() as session:
            rows = session.execute(text("SELECT state, count(*) FROM jobs GROUP BY state")).all()
        found = {state: int(jobs) for state, jobs in rows}
        is_idle = bool(found.get("queued")) and not found.get("running")
        idle_since = (idle_since or time.monotonic()) if is_idle else None
        longest_s = max(longest_s, time.monotonic() - idle_since if idle_since else 0.0)
        if found.get("succeeded") == count:
            return longest_s
        time.sleep(0.02)
    raise AssertionError(f"not done in time: {found}")


def test_a_worker_whose_supervisors_hang_says_so_and_ends_and_another_takes_its_job(
    joined: Base, bell: Bell, start: Callable[..., Worker]
) -> None:
    worker = start(stuck_s=1.0, grace_s=0.5)
    until(lambda: joined.queue.workers.online("cpu") == 1)
    for supervisor in worker.supervisors:
        os.kill(supervisor.pid, signal.SIGSTOP)
    job = make_job(joined, **TINY)
    top_up(bell, joined.eligible, "cpu")

    until(joined.queue.workers.faults)
    seen = joined.queue.workers.listing("local")[0]
    waits = joined.jobs.lookup.get("local", job.id).queue

    assert (seen.fault, joined.queue.workers.online("cpu")) == ("stuck", 0)
    assert waits
    assert waits.reason.code == "worker_stuck"
    assert worker.process.wait(timeout=30) == 1
    start()
    top_up(bell, joined.eligible, "cpu")
    until(lambda: joined.jobs.lookup.get("local", job.id).done)
