"""Short before long: the longer a job has trained, the later it is served, and it yields to those that are shorter.

This is least attained service in three levels: nothing has to be known of how long a job will take. It orders the jobs
of one owner and priority; between owners fair share comes first.
"""

from datetime import timedelta

from sqlalchemy import select, text, update

from services.db import job_rows
from services.db.engine import Database, now
from services.db.tables import Job
from services.queue.claims import Claim
from services.settings import Settings
from services.states import JobState

LONGER = 10  #: the second level ends at so many times the first
SETTLED_S = 0.5  #: a job that has waited less may be about to start on a free slot
PATIENCE_S = 300.0  #: a long job that has waited so long is served as if it were short
CREDIT_S = 60.0  #: and stays so for this much training

#: What a worker would claim if it put a running job back: the head of the owner's queue who is next by fair share.
NEXT = text(
    """
    SELECT j.owner, j.priority, j.level FROM jobs j WHERE j.id = (
      SELECT head FROM (
        SELECT COALESCE(
                 (SELECT q.id FROM jobs q
                   WHERE q.owner = o.name AND q.device = :device AND q.state = 'queued'
                     AND q.not_before <= q.created_at AND q.queued_at <= :settled
                   ORDER BY q.priority DESC, q.level, q.created_at, q.id LIMIT 1),
                 CASE WHEN o.name = :owner THEN :job_id END) AS head,
               (SELECT count(*) FROM jobs r WHERE r.owner = o.name AND r.state = 'running')
                 - CASE WHEN o.name = :owner THEN 1 ELSE 0 END AS busy,
               o.last_served AS served
          FROM owners o) heads
       WHERE head IS NOT NULL ORDER BY busy, served LIMIT 1)
       AND j.state = 'queued'
    """
)


def level(served_s: float, short_job_s: float) -> int:
    """Return 0 for a job that has trained for less than `short_job_s` seconds, 1 up to ten times as long, else 2."""
    if not short_job_s:
        return 0
    return int(served_s >= short_job_s) + int(served_s >= LONGER * short_job_s)


class TimeSlices:
    """Says when a running job has had its turn."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings

    def is_over(self, claim: Claim, turn_s: float) -> bool:
        """Return whether a job that was claimed `turn_s` seconds ago should yield to a shorter one that waits."""
        reached = level(claim.served_s + turn_s, self.settings.short_job_s)
        if not reached or turn_s < self.settings.short_job_s:  # shorter turns would go to starting and storing
            return False
        with self.database.reading() as session:
            job = session.execute(select(Job.owner, Job.priority, Job.device).where(Job.id == claim.job_id)).first()
            if job is None:
                return False
            settled = job_rows.stamp(session, now(session) - timedelta(seconds=SETTLED_S))
            values = {"device": job.device, "settled": settled, "owner": job.owner, "job_id": claim.job_id}
            ahead = session.execute(NEXT, values).first()
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
                .values(level=0, served_s=self.settings.short_job_s - CREDIT_S)
            )
