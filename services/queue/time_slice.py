"""Short before long: the longer a job has trained, the later it starts, and it yields to those that are shorter.

This is least attained service in three levels: nothing has to be known of how long a job will take. It orders the jobs
of one owner and priority; between owners fair share comes first.
"""

from datetime import timedelta

from sqlalchemy import select, update

from services.db import job_rows
from services.db.engine import Database, now
from services.db.tables import Job, Worker
from services.queue import order
from services.queue.claims import Claim
from services.settings import Settings
from services.states import JobState

LONGER = 10  #: the second level ends at so many times the first
SETTLED_S = 0.5  #: a job that has waited less may be about to start on a free slot
PATIENCE_S = 300.0  #: a long job that has waited so long is treated as if it were short
CREDIT_S = 60.0  #: and stays so for this much training


def level(trained_s: float, short_job_s: float) -> int:
    """Return 0 for a job that has trained for less than `short_job_s` seconds, 1 up to ten times as long, else 2."""
    if not short_job_s:
        return 0
    return int(trained_s >= short_job_s) + int(trained_s >= LONGER * short_job_s)


class TimeSlices:
    """Says when a running job has had its turn."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings

    def is_over(self, claim: Claim, turn_s: float) -> bool:
        """Return whether a job that was claimed `turn_s` seconds ago should yield to a shorter one that waits."""
        reached = level(claim.trained_s + turn_s, self.settings.short_job_s)
        if not reached or turn_s < self.settings.short_job_s:  # shorter turns would go to starting and storing
            return False
        with self.database.reading() as session:
            asked = select(Job.owner, Job.priority, Job.device, Worker.drained).where(Job.id == claim.job_id)
            job = session.execute(asked.outerjoin(Worker, Worker.id == Job.worker)).first()
            if job is None or job.drained:
                return False  # a drained worker would not claim what waits
            settled = job_rows.stamp(session, now(session) - timedelta(seconds=SETTLED_S))
            values = {"of_device": job.device, "settled": settled, "owner": job.owner, "job_id": claim.job_id}
            values["running"] = self.settings.owner_running_jobs
            ahead = session.execute(order.NEXT, values).first()
        if ahead is None or ahead.level >= reached:
            return False
        return bool(ahead.owner != job.owner or ahead.priority >= job.priority)

    def give_credit(self) -> None:
        """Let long jobs that have waited for minutes go before short ones for a while, so that none waits for ever."""
        with self.database.transaction() as session:
            oldest = now(session) - timedelta(seconds=PATIENCE_S)
            session.execute(
                update(Job)
                .where(Job.state == JobState.QUEUED, Job.level > 0, Job.queued_at < oldest)
                .values(level=0, trained_s=self.settings.short_job_s - CREDIT_S)
            )
