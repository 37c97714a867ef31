"""What the trainers of an owner's jobs took of their machines, and how fast they were."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import select

from services.attempts import usage
from services.attempts.usage import UsageView
from services.db.engine import Database
from services.db.tables import Epoch
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

    def speeds(self, owner: str, id_or_name: str, max_points: int) -> list[tuple[float, float]]:
        """Return the training rows per second over the seconds trained: of each epoch, or of several.

        There are at most `max_points`: one epoch of milliseconds says little of how fast a job is.

        Raises: NotFound.
        """
        job = self.lookup.get(owner, id_or_name)
        columns = select(Epoch.seconds, Epoch.rows_per_second).where(Epoch.job_id == job.id).order_by(Epoch.epoch)
        with self.database.reading() as session:
            found = session.execute(columns).all()
        ends = list(accumulate(row.seconds or 0.0 for row in found))
        step = -(-len(found) // max_points) or 1
        pieces = [found[n : n + step] for n in range(0, len(found), step)]
        return [(ends[min((n + 1) * step, len(found)) - 1], _speed(piece)) for n, piece in enumerate(pieces)]


def _speed(epochs: Sequence[Any]) -> float:
    """Return the rows per second of several epochs together."""
    seconds = sum(epoch.seconds or 0.0 for epoch in epochs)
    return sum(epoch.rows_per_second * (epoch.seconds or 0.0) for epoch in epochs) / seconds if seconds else 0.0
