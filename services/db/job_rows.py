"""The statements that every room needs about a job's row. Each takes the session first and never commits."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from services.db import changes, ended_jobs
from services.db.clock import NOW
from services.db.engine import dialect_of, insert_for, insert_of
from services.db.tables import Event, Job, NameCounter, Owner
from services.states import JobState, sources

#: Every submit asks for these, so that they are built once.
JOBS: Any = Job.__table__
ADD = (
    insert(JOBS)
    .values(events_seq=1, queued_at=NOW, not_before=NOW, created_at=NOW)
    .returning(*[column.label("metadata_") if column.name == "metadata" else column for column in JOBS.c])
)
ADD_EVENT = insert(Event.__table__).values(created_at=NOW)  # type: ignore[arg-type]


def add_owner(session: Session, owner: str) -> None:
    """Insert an owner unless there."""
    session.execute(insert_for(session)(Owner).values(name=owner, last_claim=0).on_conflict_do_nothing())


def next_name(session: Session, owner: str, stem: str) -> str:
    """Return the stem with 1 for the first job that is named after it, with 2 for the second, and so on."""
    values = {"owner": owner, "stem": stem}
    return f"{stem}-{session.connection().execute(_count(dialect_of(session)), values).scalar_one()}"


@cache
def _count(dialect: str) -> Any:
    counters: Any = NameCounter.__table__
    insert = insert_of(dialect)(counters).values(owner=bindparam("owner"), stem=bindparam("stem"), n=1)
    counted = insert.on_conflict_do_update(index_elements=["owner", "stem"], set_={"n": counters.c.n + 1})
    return counted.returning(counters.c.n)


def add(session: Session, columns: dict[str, Any], message: str) -> Any:
    """Insert a new job with its first event; return its row, with the attributes of a `Job`."""
    connection = session.connection()
    job = connection.execute(ADD, columns).one()
    event = {"job_id": job.id, "seq": 1, "type": "queued", "level": "info", "message": message, "data": {}}
    connection.execute(ADD_EVENT, event)
    return job


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
    returning = raised.returning(Job.id, Job.events_seq, Job.owner, Job.name)
    row = session.execute(returning, execution_options={"synchronize_session": False}).first()
    if row is None:
        return 0  # the job was deleted
    write_event(session, row, type=kind, level=level, message=message, data=data)
    return int(row.events_seq)


def write_event(session: Session, job: Any, **event: Any) -> None:
    """Write the event whose number the statement has raised that returned this job."""
    changes.note(session, job.owner, job.name)
    session.connection().execute(ADD_EVENT, {"job_id": job.id, "seq": job.events_seq, "level": "info"} | event)


def count_of(session: Session, owner: str, state: JobState) -> int:
    """Return how many jobs of an owner are in a state."""
    return int(session.scalar(select(func.count()).where(Job.owner == owner, Job.state == state)) or 0)


def count_events(session: Session, job_id: str, kind: str, level: str) -> int:
    """Return how many events of a type and level a job has."""
    query = select(func.count()).where(Event.job_id == job_id, Event.type == kind, Event.level == level)
    return int(session.scalar(query) or 0)


def finish(session: Session, job_id: str, state: JobState, stop_reason: str | None) -> None:
    """Write the event that is a job's last."""
    data = {"status": str(state), "stop_reason": stop_reason}
    ended_jobs.note(session, job_id)
    add_event(session, job_id, "end", f"{state}: {stop_reason}" if stop_reason else str(state), data)


def stamp(session: Session, time: datetime) -> Any:
    """Return a time as the text of a hand-written statement takes it."""
    if session.get_bind().dialect.name == "sqlite":
        return time.strftime("%Y-%m-%d %H:%M:%S.%f")
    return time
