"""Which spans of jobs have not been sent yet: read from the event log, and noted once they have been.

A job's events are numbered under the lock of its row, so what has been sent is one number. Whoever writes events knows
nothing of this, and a trainer or worker that is killed takes no span with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.orm import Session

from services.db.engine import Database
from services.db.tables import Epoch as EpochRow
from services.db.tables import Event, Job
from services.db.trace_tables import Trace
from services.tracing.job_spans import TURNS, Epoch, JobSpan, Turn, spans

JOBS = 100  #: most jobs of one look
EVENTS = 2_000  #: most events of one job in it
LONGEST = 1_000  #: characters of a message


@dataclass(frozen=True)
class Part:
    """The spans of a job between two of its events."""

    job_id: str
    name: str
    traceparent: str
    after: int  #: the event up to which spans were sent before
    until: int  #: the event up to which these go
    is_last: bool
    spans: list[JobSpan]


class UnsentSpans:
    """Moves on in the event log. Several at once send spans twice, which then have the same ids."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def look(self, after: str = "") -> list[Part]:
        """Return what is new of some jobs, in the order of their ids: of those after an id.

        Raises: NotReady.
        """
        with self.database.reading() as session:
            news = (
                select(Trace.job_id, Trace.traceparent, Trace.seq, Job.name, Job.error)
                .join(Job, Job.id == Trace.job_id)
                .where(Job.events_seq > Trace.seq, Trace.job_id > after)
            )
            found = session.execute(news.order_by(Trace.job_id).limit(JOBS)).all()
            return [_part(session, trace) for trace in found]

    def sent(self, part: Part) -> None:
        """Note that a part has been sent; after the last nothing of the trace is kept.

        Raises: NotReady; StorageFull.
        """
        mine = (Trace.job_id == part.job_id, Trace.seq == part.after)
        with self.database.transaction() as session:
            if part.is_last:
                session.execute(delete(Trace).where(*mine))
            elif part.until > part.after:
                session.execute(update(Trace).where(*mine).values(seq=part.until))


def _part(session: Session, trace: Row[str, str, int, str, dict[str, Any] | None]) -> Part:
    mine = Event.job_id == trace.job_id
    newest = select(Event.seq).where(mine, Event.seq > trace.seq).order_by(Event.seq).limit(EVENTS)
    until = max(session.scalars(newest), default=trace.seq)
    error = (trace.error or {}).get("message")
    turns = [*_turns(session, trace.job_id, until, error)]
    found, waits = spans(turns, _epochs(session, trace.job_id, trace.seq, until), trace.seq)
    is_last = bool(turns) and turns[-1].type == "end"
    return Part(trace.job_id, trace.name, trace.traceparent, trace.seq, waits - 1 if waits else until, is_last, found)


def _turns(session: Session, job_id: str, until: int, error: str | None) -> Iterator[Turn]:
    """Yield the turns of a job; `error` is what it failed of, which the event of its end does not say."""
    query = select(Event).where(Event.job_id == job_id, Event.seq <= until, Event.type.in_(TURNS))
    for event in session.scalars(query.order_by(Event.seq)):
        has_failed = event.data.get("status") == "failed"
        message = error if has_failed and error else event.message
        attempt = event.data.get("attempt", 0) if event.type == "started" else 0
        failed = has_failed or event.level == "warning"
        yield Turn(event.seq, event.type, event.created_at, message[:LONGEST], attempt, failed)


def _epochs(session: Session, job_id: str, after: int, until: int) -> Sequence[Epoch]:
    query = select(Event).where(Event.job_id == job_id, Event.seq > after, Event.seq <= until, Event.type == "epoch")
    events = {event.data["epoch"]: event for event in session.scalars(query.order_by(Event.seq))}
    if not events:
        return []
    asked = select(EpochRow.epoch, EpochRow.attempt, EpochRow.seconds, EpochRow.train_cost, EpochRow.val_cost)
    between = EpochRow.epoch.between(min(events), max(events))
    rows = session.execute(asked.where(EpochRow.job_id == job_id, between).order_by(EpochRow.epoch)).all()
    found = []
    for row in rows:
        if event := events.get(row.epoch):
            costs = {"train_cost": row.train_cost, "val_cost": row.val_cost}
            known = {name: value for name, value in costs.items() if value is not None}
            found.append(Epoch(row.epoch, row.attempt, event.seq, event.created_at, row.seconds, known))
    return found
