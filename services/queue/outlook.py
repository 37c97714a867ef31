"""What is in the queue, why each job waits, and when it is likely to start and end."""

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer

from services.db.engine import Database, now
from services.db.tables import Job, Owner
from services.disk import Disk
from services.nudges import DEVICES
from services.queue import durations, order
from services.queue.durations import Past, Span
from services.queue.forecast import Task, Times, forecast
from services.queue.wait_reason import Reason, RunningJobs, Slots, Waiting, owner_runs, reason, slots_of
from services.settings import Settings
from services.states import JobState, status_of

MOST = 100  #: jobs of an owner that are looked at
HISTORY = 100  #: finished jobs of an owner that are learnt from
UNREAD = [defer(column) for column in (Job.spec_submitted, Job.warnings, Job.metadata_, Job.environment)]


@dataclass(frozen=True)
class Expected:
    """A job that runs or waits, and what is likely to become of it; an unknown time is inf."""

    id: str
    name: str
    status: str
    priority: int
    position: int | None  #: among its owner's, 1 for the next; None: it is running
    reason: Reason | None  #: why it waits
    start: Span
    end: Span


@dataclass(frozen=True)
class QueueView:
    """The queue of one device."""

    device: str
    queued: int
    running: int
    slots: int
    workers_online: int
    oldest_wait_s: float | None
    next_start_s: float  #: when a job of this owner would start that was submitted now
    jobs: list[Expected]  #: the owner's: running first, then in the order in which they start


class Outlook:
    """Reads the queue."""

    def __init__(self, database: Database, settings: Settings, disk: Disk, running_jobs: RunningJobs) -> None:
        self.database = database
        self.settings = settings
        self.disk = disk
        self.running_jobs = running_jobs

    def queues(self, owner: str) -> list[QueueView]:
        """Return the queue of each device, with an owner's jobs."""
        with self.database.reading() as session:
            return [self._queue(session, owner, device) for device in DEVICES]

    def _why(self, waits: Waiting | None, slots: Slots) -> Reason | None:
        return None if waits is None else reason(waits, slots, self.disk)

    def _queue(self, session: Session, owner: str, device: str) -> QueueView:
        time = now(session)
        slots = slots_of(session, device, self.settings.online_s)
        running = list(session.scalars(_of(device, JobState.RUNNING).order_by(Job.started_at).options(*UNREAD)))
        last_claims = {row.name: row.last_claim for row in session.scalars(select(Owner))}
        waiting = {name: _waiting(session, name, device) for name in last_claims}
        history = {name: _history(session, name, device) for name in {*last_claims} if waiting[name] or name == owner}
        every = [job for jobs in waiting.values() for job in jobs]
        # While the queue is paused no job starts, nor yields to another, and nobody knows until when.
        places, short_s = (0, 0.0) if slots.paused else (slots.total, self.settings.short_job_s)
        seen = _Seen(places, running, every, last_claims, history, time, short_s)
        times = [seen.played(which) for which in ("low", "expected", "high")]
        queued = select(func.count(), func.min(Job.created_at)).where(Job.state == JobState.QUEUED)
        count, oldest = session.execute(queued.where(Job.device == device)).one()
        runs = owner_runs(session, owner, self.running_jobs(owner))
        own = [(None, job) for job in running if job.owner == owner]
        jobs = [*own, *enumerate(waiting.get(owner, []), 1)]
        return QueueView(
            device=device,
            queued=count,
            running=len(running),
            slots=slots.total,
            workers_online=slots.workers,
            oldest_wait_s=(time - oldest).total_seconds() if oldest else None,
            next_start_s=seen.played("expected", Task("", owner, 0.0))[""].start,
            jobs=[
                _expected(place, self._why(_waits(job, place, runs, time), slots), job, times) for place, job in jobs
            ],
        )


def _waits(job: Job, place: int | None, owner_runs: int | None, time: datetime) -> Waiting | None:
    if place is None:
        return None
    return Waiting(job.device, place, (job.not_before - time).total_seconds(), owner_runs)


def _of(device: str, state: JobState) -> Select[Job]:
    return select(Job).where(Job.state == state, Job.device == device)


def _waiting(session: Session, owner: str, device: str) -> list[Job]:
    return list(
        session.scalars(
            order.first(_of(device, JobState.QUEUED).where(Job.owner == owner)).limit(MOST).options(*UNREAD)
        )
    )


def _history(session: Session, owner: str, device: str) -> list[Past]:
    query = _of(device, JobState.SUCCEEDED).where(Job.owner == owner)
    newest = session.scalars(query.order_by(Job.created_at.desc()).limit(HISTORY).options(*UNREAD))
    return [known for job in newest if (known := durations.past(job))]


@dataclass(frozen=True)
class _Seen:
    """What is known of one queue at one time."""

    slots: int
    running: list[Job]
    waiting: list[Job]
    last_claims: dict[str, int]
    history: dict[str, list[Past]]
    time: datetime
    short_job_s: float

    def played(self, which: str, *more: Task) -> dict[str, Times]:
        """Return the times of all jobs, each as quick as may be, as expected, or as slow."""

        def task(job: Job) -> Task:
            seconds = getattr(durations.left(job, self.history.get(job.owner, [])), which)
            ready = max(0.0, (job.not_before - self.time).total_seconds())
            return Task(job.id, job.owner, seconds, job.priority, job.trained_s, ready)

        waiting = [*map(task, self.waiting), *more]
        return forecast(self.slots, [*map(task, self.running)], waiting, self.last_claims, self.short_job_s)


def _expected(place: int | None, why: Reason | None, job: Job, times: list[dict[str, Times]]) -> Expected:
    return Expected(
        id=job.id,
        name=job.name,
        status=status_of(job.state, job.cancel_requested_at is not None, job.pause_requested_at is not None),
        priority=job.priority,
        position=place,
        reason=why,
        start=_span([played[job.id].start for played in times]),
        end=_span([played[job.id].end for played in times]),
    )


def _span(times: list[float]) -> Span:
    low, expected, high = (time if math.isfinite(time) else math.inf for time in times)
    return Span(low, max(low, expected), max(low, expected, high))
