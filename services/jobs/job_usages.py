"""What the trainers of an owner's jobs took of their machines."""

from services.attempts import usage
from services.attempts.usage import UsageView
from services.db.engine import Database
from services.jobs.job_views import JobView
from services.jobs.lookup import JobLookup


class JobUsages:
    """Reads samples."""

    def __init__(self, database: Database, lookup: JobLookup) -> None:
        self.database = database
        self.lookup = lookup

    def get(self, owner: str, id_or_name: str, max_points: int) -> tuple[JobView, UsageView]:
        """Return a job and its samples, evenly thinned to at most `max_points`; the last one is among them.

        Raises: NotFound.
        """
        job = self.lookup.get(owner, id_or_name)
        with self.database.reading() as session:
            found = usage.read(session, job.id)
        step = -(-len(found.samples) // max_points) or 1
        return job, UsageView(found.interval_s * step, found.samples[::-1][::step][::-1])
