"""Prunes what is finished and older, or more, than the operator keeps; nothing that somebody still needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from services.db.engine import Database, now
from services.db.model_tables import ModelVersion
from services.db.prediction_tables import BatchPrediction
from services.db.tables import Checkpoint, Event, Job
from services.db.webhook_tables import Webhook
from services.errors import Conflict, NotFound
from services.settings import Settings
from services.states import FINAL

if TYPE_CHECKING:
    from services.jobs.commands import JobCommands

JOBS = 50  #: most jobs of one round, each deleted in a transaction of its own
EVENTS = 10_000  #: most events of one transaction


@dataclass(frozen=True)
class PrunableJob:
    """A job that would be deleted."""

    owner: str
    id: str
    name: str
    finished_at: datetime | None


@dataclass(frozen=True)
class Prunable:
    """What would be deleted."""

    jobs: list[PrunableJob]  #: oldest first
    events: int  #: of other jobs, which stay


class Pruning:
    """Goes by the times and counts of the settings, a little at a time. Several at once are harmless."""

    def __init__(self, database: Database, commands: "JobCommands", settings: Settings) -> None:
        self.database = database
        self.commands = commands
        self.settings = settings

    def prune(self) -> int:
        """Delete some of the jobs and events that are over; return how many jobs went.

        Raises: NotReady; StorageFull.
        """
        self._prune_events()
        return sum(self._delete(owner, job_id) for owner, job_id in self._over())

    def prunable(self) -> Prunable:
        """Return what would be deleted now, round after round; nothing changes.

        Raises: NotReady.
        """
        with self.database.reading() as session:
            over = self._query(session)
            jobs = [] if over is None else [PrunableJob(*row) for row in session.execute(over)]
            going = sorted(job.id for job in jobs)
            events = self._prunable_events(session)
            count = select(func.count()).select_from(Event).join(Job, Event.job_id == Job.id)
            found = 0 if events is None else session.scalar(count.where(*events, Job.id.not_in(going)))
        return Prunable(jobs, int(found or 0))

    def _over(self) -> list[tuple[str, str]]:
        with self.database.reading() as session:
            over = self._query(session)
            return [] if over is None else [(row.owner, row.id) for row in session.execute(over.limit(JOBS))]

    def _query(self, session: Session) -> Select[str, str, str, datetime | None] | None:
        """Return the query of the jobs that are over and needed by nobody, oldest first; None: all are kept."""
        days, count = self.settings.keep_jobs_days, self.settings.keep_jobs_count
        if days is None and count is None:
            return None
        which: list[ColumnElement[bool]] = []
        if days is not None:
            which.append(Job.finished_at < _ago(session, days))
        if count is not None:
            newest = func.row_number().over(partition_by=Job.owner, order_by=(Job.finished_at.desc(), Job.id.desc()))
            ranked = select(Job.id, newest.label("n")).where(Job.state.in_(FINAL)).subquery()
            which.append(Job.id.in_(select(ranked.c.id).where(ranked.c.n > count)))
        columns = select(Job.owner, Job.id, Job.name, Job.finished_at)
        query = columns.where(Job.state.in_(FINAL), or_(*which), _is_notified(), ~_is_needed())
        return query.order_by(Job.finished_at)

    def _prunable_events(self, session: Session) -> tuple[Any, ...] | None:
        """Return what holds of the events of jobs that finished long ago, but for the end and the newest: streams end
        with those. None: all are kept.
        """
        days = self.settings.keep_events_days
        if days is None:
            return None
        over = Job.state.in_(FINAL), Job.finished_at < _ago(session, days), _is_notified()
        return *over, Event.seq < Job.events_seq, Event.type != "end"

    def _delete(self, owner: str, job_id: str) -> bool:
        try:
            self.commands.delete(owner, job_id)
        except (NotFound, Conflict):  # somebody was faster: it is gone, or needed again
            return False
        return True

    def _prune_events(self) -> None:
        with self.database.reading() as session:
            prunable = self._prunable_events(session)
            if prunable is None:
                return
            over = exists().where(Event.job_id == Job.id, *prunable)
            jobs = session.execute(select(Job.id, Job.events_seq).where(over).limit(JOBS)).all()
        for job_id, newest in jobs:
            own: tuple[Any, ...] = (Event.job_id == job_id, Event.seq < newest, Event.type != "end")
            with self.database.transaction() as session:
                first = session.scalar(select(func.min(Event.seq)).where(*own)) or 0
                session.execute(delete(Event).where(*own, Event.seq < first + EVENTS))


def _ago(session: Session, days: int) -> datetime:
    return now(session) - timedelta(days=days)


def _is_notified() -> ColumnElement[bool]:
    """Whether the webhooks of its owner were given all that happened to a job."""
    return or_(Job.notified_seq >= Job.events_seq, ~exists().where(Webhook.owner == Job.owner))


def _is_needed() -> ColumnElement[bool]:
    """Whether another job started, or is to start, from one of its checkpoints, one of them is registered, or a batch
    prediction that is not finished needs one.
    """
    other = aliased(Job)
    start = exists().where(Checkpoint.job_id == Job.id, other.init_checkpoint == Checkpoint.id)
    predicts = exists().where(BatchPrediction.job_id == Job.id, BatchPrediction.finished_at.is_(None))
    return or_(start, exists().where(ModelVersion.job_id == Job.id), predicts)
