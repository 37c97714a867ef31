"""The workers that show signs of life."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from services.db.clock import time_in
from services.db.engine import Database, insert_for, now
from services.db.tables import Job, Worker
from services.errors import NotFound
from services.queue import order
from services.queue.pause import PAUSED
from services.settings import Settings
from services.states import JobState

MEMORY, PROCESSES = "memory_bytes", "processes"  #: the keys beside the versions in a worker's row


@dataclass(frozen=True)
class Sign:
    """What a worker says of itself, time and again."""

    worker: str
    device: str
    slots: int
    versions: dict[str, Any]
    memory_bytes: int | None = None  #: the most that one of its trainers may take; None: no limit is known
    fault: str | None = None  #: deaf or stuck
    processes: int = 1  #: that one job may have there at most


@dataclass(frozen=True)
class WorkerView:
    """A worker that is online."""

    id: str
    device: str
    slots: int
    versions: dict[str, Any]
    memory_bytes: int | None  #: the most that one of its trainers may take; None: no limit is known
    started_at: datetime
    seen_s_ago: float
    busy: int  #: slots that train somebody's job
    fault: str | None  #: deaf or stuck: it does nothing and is ending itself
    drained: bool  #: it claims nothing more
    done: int  #: jobs that succeeded there since it started
    failed: int  #: jobs that failed there since it started
    jobs: list[str]  #: those of the owner who asks

    @property
    def status(self) -> str:
        """What it is doing."""
        if self.drained and not self.fault:
            return "draining" if self.busy else "drained"
        return self.fault or ("busy" if self.busy else "idle")


class Workers:
    """Signs of life, in the database's time."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.online_s = settings.online_s
        self.running_jobs = settings.owner_running_jobs

    def seen(self, sign: Sign) -> None:
        """Note that a worker is alive now."""
        with self.database.transaction() as session:
            time = now(session)
            about = sign.versions | {MEMORY: sign.memory_bytes, PROCESSES: sign.processes}
            row = {"device": sign.device, "slots": sign.slots, "versions": about, "seen_at": time, "fault": sign.fault}
            insert = insert_for(session)(Worker).values(id=sign.worker, started_at=time, **row)
            session.execute(insert.on_conflict_do_update(index_elements=["id"], set_=row))

    def gone(self, worker: str) -> None:
        """Forget a worker that ends."""
        with self.database.transaction() as session:
            row = session.get(Worker, worker)
            if row:
                session.delete(row)

    def drain(self, worker: str, *, drained: bool) -> None:
        """Let a worker finish what it runs and claim nothing more, or claim again.

        Raises: NotFound when no worker of this id was seen lately.
        """
        with self.database.transaction() as session:
            known = Worker.id == worker, Worker.seen_at >= now(session) - timedelta(seconds=self.online_s)
            if not session.execute(update(Worker).where(*known).values(drained=drained).returning(Worker.id)).first():
                raise NotFound(f"No worker {worker[:80]!r} is online. GET /api/v1/workers lists them.")

    def listing(self, owner: str) -> list[WorkerView]:
        """Return the workers that were seen lately, with the jobs that they train for an owner."""
        with self.database.reading() as session:
            time = now(session)
            oldest = time - timedelta(seconds=self.online_s)
            found = session.scalars(select(Worker).where(Worker.seen_at >= oldest).order_by(Worker.id))
            running = session.execute(
                select(Job.worker, Job.owner, Job.id).where(Job.state == JobState.RUNNING).order_by(Job.id)
            ).all()
            return [_view(worker, owner, [tuple(row) for row in running], time) for worker in found]

    def is_drained(self, worker: str) -> bool:
        """Return whether a worker claims nothing more."""
        with self.database.reading() as session:
            return is_drained(session, worker)

    def busy(self, worker: str) -> int:
        """Return how many jobs a worker trains."""
        running = select(func.count()).where(Job.state == JobState.RUNNING, Job.worker == worker)
        with self.database.reading() as session:
            return int(session.scalar(running) or 0)

    def waited(self, device: str, seconds: float) -> bool:
        """Return whether a job could have started on a device for so many seconds."""
        with self.database.reading() as session:
            before = now(session) - timedelta(seconds=seconds)
            ready = func.coalesce(Job.queued_at, Job.created_at) <= before, Job.not_before <= before
            query = select(Job.id).where(Job.state == JobState.QUEUED, Job.device == device, *ready)
            query = query.where(order.may_run(self.running_jobs), ~PAUSED)
            return session.scalar(query.limit(1)) is not None

    def faults(self) -> dict[str, str]:
        """Return the workers that were seen lately and do nothing although jobs wait, each with its fault."""
        with self.database.reading() as session:
            oldest = now(session) - timedelta(seconds=self.online_s)
            query = select(Worker.id, Worker.fault).where(Worker.seen_at >= oldest, Worker.fault.is_not(None))
            return {worker: fault for worker, fault in session.execute(query).all() if fault}

    def online(self, device: str | None = None) -> int:
        """Return how many workers, of a device or all, were seen lately."""
        with self.database.reading() as session:
            return online(session, device, self.online_s)


def _view(worker: Worker, owner: str, running: list[tuple[Any, ...]], time: datetime) -> WorkerView:
    trained = [(of, job_id) for name, of, job_id in running if name == worker.id]
    return WorkerView(
        id=worker.id,
        device=worker.device,
        slots=worker.slots,
        versions={name: version for name, version in worker.versions.items() if name not in {MEMORY, PROCESSES}},
        memory_bytes=worker.versions.get(MEMORY),
        started_at=worker.started_at,
        seen_s_ago=max(0.0, (time - worker.seen_at).total_seconds()),
        busy=len(trained),
        fault=worker.fault,
        drained=worker.drained,
        done=worker.done,
        failed=worker.failed,
        jobs=[job_id for of, job_id in trained if of == owner],
    )


def online_count(device: str | None) -> Select[int]:
    """Return the query for how many workers that take jobs were seen after the time in `seen_s` seconds."""
    seen = Worker.seen_at >= time_in(bindparam("seen_s")), Worker.fault.is_(None), ~Worker.drained
    query = select(func.count()).select_from(Worker).where(*seen)
    return query.where(Worker.device == device) if device else query


def online(session: Session, device: str | None, online_s: float) -> int:
    """Return how many workers that take jobs were seen in the last `online_s` seconds."""
    return int(session.scalar(online_count(device), {"seen_s": -online_s}) or 0)


def is_drained(session: Session, worker: str) -> bool:
    """Return whether a worker was told to claim nothing more."""
    return bool(session.scalar(select(Worker.drained).where(Worker.id == worker)))
