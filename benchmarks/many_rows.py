"""Fills a database with as many jobs as a benchmark asks for: copies of one real job, its epoch and its event."""

from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from local.demo import JOB
from services.db import job_rows
from services.db.engine import Database
from services.db.tables import Job, Owner
from services.jobs.submission import Submission
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.specs.schema.job import JobSpec
from services.states import JobState
from services.training.model_summary import summary
from services.wiring.base import Base, Intake, base

OWNERS = 20
LATER = 10  #: every tenth queued job waits for the end of a pause, at the head of its owner's queue
RARE = 10  #: the oldest jobs of each owner, in a state that no other of the many has
#: Makes of a job's number an id like no neighbour's: 1,299,709 is a prime.
ID = "'job_' || (1000000000000000000 + n * 104729 % 1299709)"

EPOCHS = """
    INSERT INTO epochs (job_id, epoch, attempt, train_cost, val_cost, metrics, lr, seconds, rows_per_second, best)
    SELECT id, 1, 1, 0.5, 0.5, '{}', 0.001, 0.01, 500, true FROM jobs WHERE epochs_done = 1
"""


@dataclass(frozen=True)
class Ends:
    """Ids of an owner's jobs."""

    finished: str  #: the newest that succeeded
    first_queued: str  #: in the order of claims, pauses or not
    last_queued: str


def filled(settings: Settings, finished: int, queued: int) -> Base:
    """Return the rooms over a database of so many jobs; the schema is there."""
    rooms = base(settings, Intake(ModelSizes(summary)))
    rooms.jobs.service.submit(Submission(JobSpec.model_validate(JOB), "owner-0", JOB))
    with rooms.database.transaction() as session:
        if rooms.database.is_sqlite:
            session.execute(text("PRAGMA cache_size = -1000000"))  # of this connection, which does nothing else
        template = session.scalars(select(Job.id)).one()
        for n in range(OWNERS):
            job_rows.add_owner(session, f"owner-{n}")
        session.execute(update(Owner).values(last_claim=0))
        for index in Job.__table__.indexes:  # type: ignore[attr-defined]
            index.drop(session.connection())
        _add(session, template, 0, finished, _finished(session))
        _add(session, template, finished, finished + queued, _queued(session, finished))
        session.execute(text(EPOCHS))
        session.execute(text("DELETE FROM events WHERE job_id = :job"), {"job": template})
        session.execute(text("DELETE FROM jobs WHERE id = :job"), {"job": template})
        for index in Job.__table__.indexes:  # type: ignore[attr-defined]
            index.create(session.connection())
    if not rooms.database.is_sqlite:  # where it is done by itself after so many rows
        with rooms.database.reading() as session:
            session.execute(text("VACUUM ANALYZE"))
    rooms.database.close()
    return rooms


def ends(database: Database, owner: str) -> Ends:
    """Return the jobs of an owner that are asked for one by one."""
    order = (Job.priority.desc(), Job.created_at, Job.id)
    with database.reading() as session:
        mine = select(Job.id).where(Job.owner == owner).limit(1)
        queued = mine.where(Job.state == JobState.QUEUED)
        last = queued.order_by(Job.priority, Job.created_at.desc(), Job.id.desc())
        finished = mine.where(Job.state == JobState.SUCCEEDED).order_by(Job.created_at.desc())
        return Ends(*(str(session.scalars(query).one()) for query in (finished, queued.order_by(*order), last)))


def _finished(session: Session) -> dict[str, str]:
    return {
        "state": f"CASE WHEN n / {OWNERS} < {RARE} THEN 'cancelled' ELSE 'succeeded' END",
        "created_at": _ago(session, "4000000 - n"),
        "started_at": _ago(session, "4000000 - n"),
        "finished_at": _ago(session, "4000000 - n"),
        "epochs_done": "1",
        "events_seq": "1",
        "notified_seq": "1",
        "attempt": "1",
    }


def _queued(session: Session, finished: int) -> dict[str, str]:
    mine = f"((n - {finished}) / {OWNERS})"
    later = f"{mine} % {LATER} = 0"
    return {
        "created_at": _ago(session, "2000000 - n"),
        "priority": f"CASE WHEN {later} THEN 5 ELSE {mine} % 3 END",
        "not_before": f"CASE WHEN {later} THEN {_ago(session, '-86400')} ELSE {_ago(session, '2000000 - n')} END",
        "events_seq": "1",
        "notified_seq": "1",
    }


def _add(session: Session, template: str, first: int, end: int, changed: dict[str, str]) -> None:
    """Copy the template under the numbers from `first` on; what is changed is SQL about the number n."""
    numbers = f"n(n) AS (SELECT CAST({first} AS BIGINT) UNION ALL SELECT n + 1 FROM n WHERE n < {end - 1})"
    changed = {"id": ID, "owner": f"'owner-' || (n % {OWNERS})", "name": "'mine-' || n", **changed}
    columns = ", ".join(column.name for column in Job.__table__.columns)
    values = ", ".join(changed.get(column.name, f"jobs.{column.name}") for column in Job.__table__.columns)
    copied = f"INSERT INTO jobs ({columns}) WITH RECURSIVE {numbers} SELECT {values} FROM n, jobs WHERE jobs.id = :job"
    session.execute(text(copied), {"job": template})
    events = f"""INSERT INTO events (job_id, seq, type, level, message, data, created_at)
        WITH RECURSIVE {numbers} SELECT {ID}, 1, type, level, message, data, created_at
        FROM n, events WHERE events.job_id = :job"""
    session.execute(text(events), {"job": template})


def _ago(session: Session, seconds: str) -> str:
    if session.get_bind().dialect.name == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%f', 'now', -({seconds}) || ' seconds') || '000'"
    return f"now() - ({seconds}) * interval '1 second'"
