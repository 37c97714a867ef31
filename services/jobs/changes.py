"""Whether an owner's list of jobs has changed since it was looked at, as one short text."""

from sqlalchemy import func, select

from services.db.engine import Database
from services.db.queue_tables import QueuePause
from services.db.tables import Job
from services.states import FINAL, JobState

OPEN = [state for state in JobState if state not in FINAL]


class JobChanges:
    """Reads what moves when a job comes, goes on or ends."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def mark(self, owner: str) -> str:
        """Return a text that is another one after every change of a list of jobs that does not end."""
        with self.database.reading() as session:
            # Finished jobs are represented by their newest: counting all of them would take longer the more there are.
            moving = select(Job.state, func.count(), func.sum(Job.events_seq)).where(
                Job.owner == owner, Job.state.in_(OPEN)
            )
            open_ = sorted(str(tuple(row)) for row in session.execute(moving.group_by(Job.state)))
            newest = session.scalar(
                select(Job.id).where(Job.owner == owner).order_by(Job.created_at.desc(), Job.id.desc()).limit(1)
            )
            paused = session.scalar(select(QueuePause.began_at))
        return f"{newest} {' '.join(open_)} {paused or ''}".rstrip()
