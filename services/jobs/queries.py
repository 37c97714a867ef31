"""The statements about jobs. Each takes the session first and never commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.orm import Session

from services.db import changes
from services.db.engine import insert_for, now
from services.db.tables import Dataset, Epoch, Event, Job, NameCounter, Owner
from services.errors import NotFound
from services.jobs.failures import explained
from services.jobs.views import EpochView, EventView, JobView, status_of
from services.states import JobState, sources

MAX_POSITION = 1_000

#: As the partial indexes say it: what is a parameter can't be compared with an index's condition.
_QUEUED = text("jobs.state = 'queued'")
_WAITS = Job.not_before > Job.created_at

#: The head of each owner's queue for a device, the owner with the fewest running jobs first, then the one who has
#: waited longest. Sorting only the owners' heads takes a fraction of sorting the queue. Jobs that wait for a later try
#: are in an index of their own, or every claim would step over them.
CLAIM = text(
    """
    UPDATE jobs SET state = 'running', attempt = attempt + 1, beat = beat + 1, worker = :worker, progress = NULL,
                    attempts_without_progress = attempts_without_progress + 1,
                    started_at = COALESCE(started_at, :now)
     WHERE state = 'queued' AND id = (
       SELECT head FROM (
         SELECT (SELECT j.id FROM jobs j
                  WHERE j.owner = o.name AND j.device = :device AND j.state = 'queued'
                    AND j.not_before <= j.created_at
                  ORDER BY j.priority DESC, j.level, j.created_at, j.id LIMIT 1) AS head,
                (SELECT count(*) FROM jobs r WHERE r.owner = o.name AND r.state = 'running') AS busy,
                o.last_served AS served
           FROM owners o) heads
        WHERE head IS NOT NULL ORDER BY busy, served LIMIT 1)
    RETURNING id, attempt, owner, served_s
    """
)
ELIGIBLE = text(
    """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM jobs
              WHERE state = 'queued' AND device = :device AND not_before <= created_at LIMIT :most) AS ready)
         + (SELECT count(*) FROM (SELECT 1 FROM jobs
              WHERE state = 'queued' AND device = :device AND not_before > created_at AND not_before <= :now
              LIMIT :most) AS waited)
    """
)


def add_owner(session: Session, owner: str) -> None:
    """Insert an owner unless there."""
    session.execute(insert_for(session)(Owner).values(name=owner, last_served=0).on_conflict_do_nothing())


def next_number(session: Session, owner: str, stem: str) -> int:
    """Return 1 for the first job that is named after a stem, 2 for the second, and so on."""
    insert = insert_for(session)(NameCounter).values(owner=owner, stem=stem, n=1)
    counted = insert.on_conflict_do_update(index_elements=["owner", "stem"], set_={"n": NameCounter.n + 1})
    return int(session.scalar(counted.returning(NameCounter.n)))


def move(session: Session, job_id: str, to: JobState, *conditions: Any, **columns: Any) -> bool:
    """Move a job to a state if the rules allow it now; return whether this call moved it.

    One statement compares and sets, so of two that try at once exactly one is told True.
    """
    statement = update(Job).where(Job.id == job_id, Job.state.in_(sources(to)), *conditions)
    moved = session.execute(statement.values(state=to, **columns), execution_options={"synchronize_session": False})
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def add_event(session: Session, job_id: str, kind: str, message: str, data: dict[str, Any], level: str = "info") -> int:
    """Write an event under the job's next number, in the transaction of the change it tells of."""
    raised = update(Job).where(Job.id == job_id).values(events_seq=Job.events_seq + 1)
    returning = raised.returning(Job.events_seq, Job.owner, Job.name)
    row = session.execute(returning, execution_options={"synchronize_session": False}).first()
    if row is None:
        return 0  # the job was deleted
    seq = row.events_seq
    if kind != "queued":  # a new job has nothing that could predict
        changes.note(session, row.owner, row.name)
    event = Event(job_id=job_id, seq=seq, type=kind, level=level, message=message, data=data, created_at=now(session))
    session.add(event)
    session.flush()
    return int(seq)


def count_events(session: Session, job_id: str, kind: str, level: str) -> int:
    """Return how many events of a type and level a job has."""
    query = select(func.count()).where(Event.job_id == job_id, Event.type == kind, Event.level == level)
    return int(session.scalar(query) or 0)


def finish(session: Session, job_id: str, state: JobState, stop_reason: str | None) -> None:
    """Write the event that is a job's last."""
    data = {"status": str(state), "stop_reason": stop_reason}
    add_event(session, job_id, "end", f"{state}: {stop_reason}" if stop_reason else str(state), data)


def by_id(session: Session, owner: str, job_id: str) -> JobView | None:
    """Return an owner's job."""
    return _first(session, Job.owner == owner, Job.id == job_id)


def by_name(session: Session, owner: str, name: str) -> JobView | None:
    """Return the newest job of this name."""
    return _first(session, Job.owner == owner, Job.name == name)


def usable_by_name(session: Session, owner: str, name: str) -> str | None:
    """Return the id of the newest job of this name with a best checkpoint, one that succeeded first."""
    query = select(Job.id).where(Job.owner == owner, Job.name == name, Job.best_checkpoint.is_not(None))
    succeeded = Job.state == JobState.SUCCEEDED
    return session.scalar(query.order_by(succeeded.desc(), Job.created_at.desc(), Job.id.desc()).limit(1))


def to_change(session: Session, owner: str, job_id: str) -> JobView:
    """Return a job that is to be changed. Its name does not find it: it may mean another job by now.

    Raises: NotFound, with the id of a job of that name.
    """
    found = by_id(session, owner, job_id)
    if found is None:
        named = by_name(session, owner, job_id)
        instead = f" {job_id!r} is the name of one: what changes a job takes its id, {named.id}." if named else ""
        raise NotFound(f"There is no job with the id {job_id[:80]!r}.{instead}", suggestion=named.id if named else None)
    return found


def words(session: Session, owner: str) -> Sequence[str]:
    """Return ids and names of the newest jobs, to suggest one of."""
    query = select(Job.id, Job.name).where(Job.owner == owner).order_by(Job.created_at.desc()).limit(200)
    return [word for row in session.execute(query) for word in row]


def end_waits(session: Session, device: str, time: datetime) -> None:
    """Put the jobs whose time for a later try has come back in their places among the others."""
    over = select(Job.id).where(_QUEUED, _WAITS, Job.device == device, Job.not_before <= time)
    # Skipped where another claim does the same at this moment: it need not be done twice, nor waited for.
    ended = update(Job).where(Job.id.in_(over.with_for_update(skip_locked=True))).values(not_before=Job.created_at)
    session.execute(ended, execution_options={"synchronize_session": False})


def position(session: Session, job: JobView, owner: str) -> int:
    """Return a queued job's place among its owner's for its device, 1 for the next, counted up to 1,000."""
    mine = select(Job.id).where(_QUEUED, ~_WAITS, Job.device == job.device, Job.owner == owner)
    # Ranges of one index, where a single condition would be tried on each row of the queue.
    alike = mine.where(Job.priority == job.priority)
    older = tuple_(Job.created_at, Job.id) < (job.created_at, job.id)
    ahead = [
        mine.where(Job.priority > job.priority),
        alike.where(Job.level < job.level),
        alike.where(Job.level == job.level, older),
    ]
    counts = [select(func.count()).select_from(rows.limit(MAX_POSITION - 1).subquery()) for rows in ahead]
    return min(MAX_POSITION, 1 + sum(int(session.scalar(count) or 0) for count in counts))


def latest_epoch(session: Session, job_id: str) -> EpochView | None:
    """Return the newest recorded epoch."""
    row = session.scalar(select(Epoch).where(Epoch.job_id == job_id).order_by(Epoch.epoch.desc()).limit(1))
    return epoch_view(row) if row else None


def eligible(session: Session, device: str, most: int) -> int:
    """Return how many queued jobs may start now, counted up to `most`."""
    found = session.scalar(ELIGIBLE, {"device": device, "now": stamp(session, now(session)), "most": most})
    return min(most, int(found or 0))


def stamp(session: Session, time: datetime) -> Any:
    """Return a time as the text of a hand-written statement takes it."""
    if session.get_bind().dialect.name == "sqlite":
        return time.strftime("%Y-%m-%d %H:%M:%S.%f")
    return time


def epoch_view(row: Epoch) -> EpochView:
    """Return a copy of an epoch's row."""
    return EpochView(
        epoch=row.epoch,
        train_cost=row.train_cost,
        val_cost=row.val_cost,
        metrics=row.metrics,
        lr=row.lr,
        seconds=row.seconds,
        rows_per_second=row.rows_per_second,
        best=row.best,
        attempt=row.attempt,
    )


def event_view(row: Event) -> EventView:
    """Return a copy of an event's row."""
    return EventView(row.seq, row.type, row.level, row.message, row.data, row.created_at)


def job_view(row: Job, dataset_name: str, spark: list[float] | None = None) -> JobView:
    """Return a copy of a job's row."""
    return JobView(
        id=row.id,
        name=row.name,
        state=JobState(row.state),
        status=status_of(row.state, row.cancel_wished_at is not None, row.pause_wished_at is not None),
        spec=row.spec,
        spec_submitted=row.spec_submitted,
        dataset_id=row.dataset_id,
        dataset_name=dataset_name,
        dataset_sha256=row.dataset_sha256,
        device=row.device,
        priority=row.priority,
        level=row.level,
        tags=row.tags,
        metadata=row.metadata_,
        model_summary=row.model_summary,
        warnings=row.warnings,
        attempt=row.attempt,
        worker=row.worker,
        progress=row.progress,
        epochs_done=row.epochs_done,
        events_seq=row.events_seq,
        best_checkpoint=row.best_checkpoint,
        best_epoch=row.best_epoch,
        best_value=row.best_value,
        last_checkpoint=row.last_checkpoint,
        test=row.test,
        environment=row.environment,
        error=explained(row.error, row.spec),
        initialised_from=row.initialised_from,
        stop_reason=row.stop_reason,
        retry_of=row.retry_of,
        not_before=row.not_before,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        spark=spark or [],
    )


def _first(session: Session, *conditions: Any) -> JobView | None:
    query = select(Job, Dataset.name).join(Dataset, Dataset.id == Job.dataset_id).where(*conditions)
    found = session.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(1)).first()
    return job_view(found[0], found[1]) if found else None
