"""Why a queued job is not running yet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ScalarSelect, Select, bindparam, case, exists, func, select
from sqlalchemy.orm import Session

from services.db import job_rows
from services.db.clock import time_in
from services.db.tables import Job, Worker
from services.disk import Disk
from services.queue.pause import PAUSED
from services.states import JobState

START = {
    "cpu": "docker compose up -d, or batchyard up",
    "cuda": "docker compose -f compose.yaml -f compose.gpu.yaml up -d",
}

UNDRAIN = "batchyard workers undrain WORKER, or on the page of the queue"
RESUME = "batchyard queue resume, or on the page of the queue"


#: Returns how many jobs of an owner may run at once; None: any number.
RunningJobs = Callable[[str], int | None]


@dataclass(frozen=True)
class Reason:
    """Why a job waits: a code, and a sentence for people."""

    #: storage_full, queue_paused, no_worker, workers_drained, next_try, worker_stuck, owner_limit, slots_busy,
    #: starting
    code: str
    message: str


@dataclass(frozen=True)
class Waiting:
    """A queued job in its owner's queue."""

    device: str
    position: int
    pause_s: float = 0.0  #: until its next try
    owner_runs: int | None = None  #: so many of its owner's jobs run, and no more may; None: more may


@dataclass(frozen=True)
class Slots:
    """The places for jobs that a device's workers have."""

    workers: int
    total: int
    busy: int
    faulty: int = 0  #: workers that do nothing and are being started again
    drained: int = 0  #: workers that finish what they run and claim nothing more
    paused: bool = False  #: the whole queue is


@dataclass(frozen=True)
class QueuePlace:
    """Where a queued job waits. Places are counted up to 1,000."""

    position: int
    workers_online: int
    reason: Reason  #: why it waits


def busy() -> ScalarSelect[int]:
    """Return the query: how many slots of `:device` are taken. A drained worker has none to give, nor takes any."""
    drained = exists().where(Worker.id == Job.worker, Worker.drained)
    running = Job.state == JobState.RUNNING, Job.device == bindparam("device"), ~drained
    return select(func.count()).where(*running).scalar_subquery()


def _slots() -> Select[Any]:
    seen = Worker.seen_at >= time_in(bindparam("seen_s"))
    takes = Worker.fault.is_(None) & ~Worker.drained
    open_ = func.coalesce(func.sum(case((takes, Worker.slots), else_=0)), 0)
    drained = func.count(case((Worker.fault.is_(None) & Worker.drained, 1)))
    device: BindParameter[str] = bindparam("device")
    paused = select(PAUSED).scalar_subquery()
    counts = func.count(), func.count(Worker.fault), drained, open_, busy(), paused
    return select(*counts).where(seen, Worker.device == device)


SLOTS = _slots()


def slots_of(session: Session, device: str, online_s: float) -> Slots:
    """Return the places of the workers that were seen in the last `online_s` seconds."""
    found = session.connection().execute(SLOTS, {"device": device, "seen_s": -online_s}).one()
    workers, faulty, drained, total, busy, paused = found
    return Slots(workers - faulty - drained, int(total), busy, faulty, drained, bool(paused))


def owner_runs(session: Session, owner: str, most: int | None) -> int | None:
    """Return how many jobs of an owner run if no more than `most` may; None if more may.

    The database is asked only where there is a limit.
    """
    if most is None:
        return None
    runs = job_rows.count_of(session, owner, JobState.RUNNING)
    return runs if runs >= most else None


def place(waits: Waiting, slots: Slots, disk: Disk) -> QueuePlace:
    """Return where a job waits, and why."""
    return QueuePlace(waits.position, slots.workers, reason(waits, slots, disk))


def reason(waits: Waiting, slots: Slots, disk: Disk) -> Reason:
    """Return why a job at a position of its owner's queue waits."""
    device, position = waits.device, waits.position
    if disk.is_full:
        return Reason("storage_full", f"{disk.sentence} It starts when space is free.")
    if slots.paused:
        return Reason("queue_paused", f"The queue is paused. Its operator can resume it: {RESUME}.")
    if slots.faulty and slots.busy >= slots.total:
        return Reason("worker_stuck", "A worker with a free slot claimed nothing; it is being restarted.")
    if not slots.workers and slots.drained:
        return Reason("workers_drained", f"Each {device} worker is drained. Let one take jobs again: {UNDRAIN}.")
    if not slots.workers:
        return Reason("no_worker", f"No {device} worker is online. Start one: {START[device]}.")
    if waits.pause_s > 0:
        return Reason("next_try", f"Its last attempt was interrupted; the next one starts in {waits.pause_s:.0f} s.")
    if waits.owner_runs is not None:
        running = "is running" if waits.owner_runs == 1 else "are running"
        detail = f"{waits.owner_runs} of your jobs {running}, and no more may run at once; it starts when one ends."
        return Reason("owner_limit", detail)
    if slots.busy < slots.total:
        return Reason("starting", "A slot is free; it will start in a moment.")
    busy = "The one slot is" if slots.total == 1 else f"All {slots.total} slots are"
    before = {1: "it is next", 2: "one of your jobs goes before it"}
    ahead = before.get(position, f"{position - 1:,} of your jobs go before it")
    return Reason("slots_busy", f"{busy} busy, and {ahead}.")
