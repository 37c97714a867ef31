"""What the database says of the whole service, for its operator: jobs of all owners, the queue, the workers."""

from dataclasses import dataclass, fields
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.attempts.usage import COLUMNS
from services.db import ended_jobs
from services.db.ended_jobs import Ended
from services.db.engine import Database, now
from services.db.tables import Epoch, Job, Worker
from services.db.usage_tables import JobUsage
from services.db.webhook_tables import WebhookDelivery
from services.states import JobState


@dataclass(frozen=True)
class Taken:
    """What the trainers of the running jobs took when it was last stored, all together."""

    rss_bytes: int = 0
    gpu_memory_bytes: int = 0
    gpu_percent: float = 0.0


@dataclass(frozen=True)
class DeviceTotals:
    """The queue and the workers of one device."""

    queued: int
    oldest_wait_s: float  #: of the jobs that wait, 0 without any
    running: int
    rows_per_s: float  #: training rows a second in their newest epochs, all running jobs together
    workers: int  #: online and sound
    slots: int  #: of those
    trainers: Taken  #: what their trainers take


@dataclass(frozen=True)
class Totals:
    """The whole service at one moment."""

    jobs: dict[str, int]  #: by state
    ended: dict[str, Ended]  #: by status, since the counters exist
    devices: dict[str, DeviceTotals]
    webhooks_waiting: int


class Monitoring:
    """Reads the totals."""

    def __init__(self, database: Database, online_s: float) -> None:
        self.database = database
        self.online_s = online_s

    def totals(self, devices: tuple[str, ...]) -> Totals:
        """Return the totals. Every statement reads an index, or the rows of what runs.

        Raises: NotReady.
        """
        with self.database.reading() as session:
            counted = session.execute(select(Job.state, func.count()).group_by(Job.state))
            states: dict[str, int] = dict(counted.all())
            waiting = select(func.count()).where(WebhookDelivery.state == "waiting")
            return Totals(
                jobs={state.value: states.get(state.value, 0) for state in JobState},
                ended=ended_jobs.read(session),
                devices={device: self._device(session, device) for device in devices},
                webhooks_waiting=int(session.scalar(waiting) or 0),
            )

    def _device(self, session: Session, device: str) -> DeviceTotals:
        time = now(session)
        waiting = select(func.count(), func.min(Job.queued_at)).where(
            Job.state == JobState.QUEUED, Job.device == device
        )
        queued, oldest = session.execute(waiting).one()
        newest = (Epoch.job_id == Job.id) & (Epoch.epoch == Job.epochs_done)
        speeds = select(Epoch.rows_per_second).select_from(Job).outerjoin(Epoch, newest)
        running = session.scalars(speeds.where(Job.state == JobState.RUNNING, Job.device == device)).all()
        seen = Worker.seen_at >= time - timedelta(seconds=self.online_s), Worker.fault.is_(None)
        online = select(func.count(), func.coalesce(func.sum(Worker.slots), 0)).where(Worker.device == device, *seen)
        workers, slots = session.execute(online).one()
        return DeviceTotals(
            queued=queued,
            oldest_wait_s=max(0.0, (time - oldest).total_seconds()) if oldest else 0.0,
            running=len(running),
            rows_per_s=sum(speed or 0.0 for speed in running),
            workers=workers,
            slots=int(slots),
            trainers=_taken(session, device),
        )


def _taken(session: Session, device: str) -> Taken:
    """Return the newest samples of the jobs that a device trains, added up."""
    kept = select(JobUsage.samples).join(Job, Job.id == JobUsage.job_id)
    rows = session.scalars(kept.where(Job.state == JobState.RUNNING, Job.device == device)).all()
    newest = [dict(zip(COLUMNS, samples[-1], strict=True)) for samples in rows if samples]
    return Taken(**{field.name: sum(sample[field.name] or 0 for sample in newest) for field in fields(Taken)})
