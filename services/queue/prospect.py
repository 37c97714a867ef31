"""What the queue says of a job before it is submitted: who would train it, how fast, and where it would stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, bindparam, literal, select, true
from sqlalchemy.orm import Session

from services.db.clock import time_in
from services.db.tables import Worker
from services.queue import order, speeds
from services.queue.pause import PAUSED
from services.queue.speeds import Speed
from services.queue.wait_reason import Slots, busy
from services.queue.workers import MEMORY, PROCESSES

#: Every submit asks for these, so that they are built once.
ONLINE = select(Worker.device, Worker.slots, Worker.fault, Worker.drained, Worker.versions).where(
    Worker.seen_at >= time_in(bindparam("seen_s"))
)
LAST = {"level": 0, "created_at": datetime(9999, 1, 1, tzinfo=UTC), "id": ""}  #: of a `Place`: no job is newer


def _prospect() -> Select[Any]:
    """Return the query: who is being trained, and who stands before, beside each finished job; one row at least."""
    always, finished = select(literal(1)).subquery(), speeds.finished().subquery()
    queue = busy(), order.place_number(), select(PAUSED).scalar_subquery()
    return select(*queue, *finished.c).select_from(always.outerjoin(finished, true()))


PROSPECT = _prospect()


@dataclass(frozen=True)
class Newcomer:
    """What the queue has to know of a job that is to be submitted."""

    owner: str
    device: str
    model: str
    priority: int


@dataclass(frozen=True)
class Prospect:
    """What a job may expect."""

    busy: int  #: jobs that are being trained on its device
    position: int  #: among its owner's, 1 for the next
    is_paused: bool  #: the whole queue is
    speeds: list[Speed]  #: of finished jobs like it


@dataclass(frozen=True)
class OnlineWorkers:
    """The workers that were seen lately."""

    rows: Sequence[Any]

    @property
    def memory(self) -> dict[str, int | None]:
        """The most memory that a trainer may take, of each device that a worker which takes jobs is online for.

        None where a worker knows no limit.
        """
        found: dict[str, int | None] = {}
        for worker in self.rows:
            if worker.fault is None and not worker.drained:
                memory, known = worker.versions.get(MEMORY), found.get(worker.device, 0)
                found[worker.device] = None if memory is None or known is None else max(known, memory)
        return found

    @property
    def processes(self) -> dict[str, int]:
        """The most processes that one job may have, of each device that a worker which takes jobs is online for."""
        found: dict[str, int] = {}
        for worker in self.rows:
            if worker.fault is None and not worker.drained:
                # A worker of an older release says nothing of it.
                found[worker.device] = max(found.get(worker.device, 0), worker.versions.get(PROCESSES, 1))
        return found

    def slots(self, device: str, expected: Prospect) -> Slots:
        """Return the places for jobs on a device, as many of them taken as is expected."""
        there = [worker for worker in self.rows if worker.device == device]
        sound = [worker for worker in there if worker.fault is None]
        open_ = [worker.slots for worker in sound if not worker.drained]
        faulty, drained = len(there) - len(sound), len(sound) - len(open_)
        return Slots(len(open_), sum(open_), expected.busy, faulty, drained, expected.is_paused)


def online_workers(session: Session, online_s: float) -> OnlineWorkers:
    """Return the workers that were seen in the last `online_s` seconds."""
    return OnlineWorkers(session.connection().execute(ONLINE, {"seen_s": -online_s}).all())


def prospect(session: Session, job: Newcomer) -> Prospect:
    """Return what a job may expect that is submitted now."""
    rows = session.connection().execute(PROSPECT, {**LAST, **vars(job)}).all()
    busy, position, paused = rows[0][:3]
    known = [Speed(row.dataset_id, row.seconds / row.work) for row in rows if row.dataset_id is not None]
    return Prospect(busy, position, bool(paused), known)
