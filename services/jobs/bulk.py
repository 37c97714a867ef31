"""Many jobs at once: each in a transaction of its own, each with its own outcome."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from services.errors import AmbiguousJob, JobAlreadyFinished, NotFound
from services.jobs.commands import JobCommands
from services.jobs.job_views import JobView
from services.jobs.listing import Filters, JobListing

MOST = 1_000  #: jobs of one request
PAGE = 100


@dataclass(frozen=True)
class Outcome:
    """What came of one job: the job, or why it stayed as it was."""

    id: str
    job: JobView | None = None
    error: NotFound | JobAlreadyFinished | AmbiguousJob | None = None


class JobBulk:
    """Cancels many jobs with one request."""

    def __init__(self, commands: JobCommands, listing: JobListing) -> None:
        self.commands = commands
        self.listing = listing

    def cancel(self, owner: str, job_ids: list[str], reason: str | None) -> list[Outcome]:
        """Cancel jobs by their ids. One that is finished or not there does not keep the others from it."""
        return [self._cancelled(owner, job_id, reason) for job_id in dict.fromkeys(job_ids)]

    def cancel_found(self, owner: str, filters: Filters, reason: str | None) -> tuple[list[Outcome], bool]:
        """Cancel the jobs of a filter, oldest first and at most 1,000; return also whether there are more."""
        found = list(islice(self._found(owner, filters), MOST + 1))
        return self.cancel(owner, found[:MOST], reason), len(found) > MOST

    def _found(self, owner: str, filters: Filters) -> Iterator[str]:
        after: str | None = None
        while True:
            page = self.listing.page(owner, filters, sort="created_at", limit=PAGE, after=after)
            yield from (job.id for job in page.items if job.status != "cancelling")
            if (after := page.next) is None:
                return

    def _cancelled(self, owner: str, job_id: str, reason: str | None) -> Outcome:
        try:
            return Outcome(job_id, job=self.commands.cancel(owner, job_id, reason))
        except (NotFound, JobAlreadyFinished, AmbiguousJob) as error:
            return Outcome(job_id, error=error)
