"""Why a queued job is not running yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, case, func, select
from sqlalchemy.orm import Session

from services.db.clock import time_in
from services.db.tables import Job, Worker
from services.disk import Disk
from services.states import JobState

START = {
    "cpu": "docker compose up -d, or batchyard up",
    "cuda": "docker compose -f compose.yaml -f compose.gpu.yaml up -d",
}


@dataclass(frozen=True)
class Reason:
    """Why a job waits: a code, and a sentence for people."""

    code: str  #: storage_full, no_worker, next_try, worker_stuck, owner_limit, slots_busy or starting
    message: str


@dataclass(frozen=True)
class Waiting:
    """A queued job in its owner's queue."""

    device: str
    not_before: datetime
    position: int
    owner_runs: int | None = None  #: so many of its owner's jobs run, and no more may; None: more may


@dataclass(frozen=True)
class Slots:
    """The places for jobs that a device's workers have."""

    workers: int
    total: int
    busy: int
    faulty: int = 0  #: workers that do nothing and are being started again


@dataclass(frozen=True)
class QueuePlace:
    """Where a queued job waits. Places are counted up to 1,000."""

    position: int
    workers_online: int
    reason: Reason  #: why it waits


def _slots() -> Select[Any]:
    seen = Worker.seen_at >= time_in(bindparam("seen_s"))
    sound = func.coalesce(func.sum(case((Worker.fault.is_(None), Worker.slots), else_=0)), 0)
    device: BindParameter[str] = bindparam("device")
    running = select(func.count()).where(Job.state == JobState.RUNNING, Job.device == device).scalar_subquery()
    return select(func.count(), func.count(Worker.fault), sound, running).where(seen, Worker.device == device)


SLOTS = _slots()  #: every submit asks for it, so that it is built once


def slots_of(session: Session, device: str, online_s: float) -> Slots:
    """Return the places of the workers that were seen in the last `online_s` seconds."""
    found = session.connection().execute(SLOTS, {"device": device, "seen_s": -online_s}).one()
    workers, faulty, total, busy = found
    return Slots(workers - faulty, int(total), busy, faulty)


def reason(waits: Waiting, slots: Slots, time: datetime, disk: Disk) -> Reason:
    """Return why a job at a position of its owner's queue waits."""
    device, not_before, position = waits.device, waits.not_before, waits.position
    if disk.is_full:
        return Reason("storage_full", f"{disk.sentence} It starts when space is free.")
    if slots.faulty and slots.busy >= slots.total:
        return Reason("worker_stuck", "A worker with a free slot claimed nothing; it is being restarted.")
    if not slots.workers:
        return Reason("no_worker", f"No {device} worker is online. Start one: {START[device]}.")
    pause_s = (not_before - time).total_seconds()
    if pause_s > 0:
        return Reason("next_try", f"Its last attempt was interrupted; the next one starts in {pause_s:.0f} s.")
    if waits.owner_runs is not None:
        detail = f"{waits.owner_runs} of your jobs run, and no more may at once; it starts when one of them ends."
        return Reason("owner_limit", detail)
    if slots.busy < slots.total:
        return Reason("starting", "A slot is free; it will start in a moment.")
    busy = "The one slot is" if slots.total == 1 else f"All {slots.total} slots are"
    before = {1: "it is next", 2: "one of your jobs goes before it"}
    ahead = before.get(position, f"{position - 1:,} of your jobs go before it")
    return Reason("slots_busy", f"{busy} busy, and {ahead}.")
