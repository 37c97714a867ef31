"""What users read of the look inside a job's model: the report, and the validation predictions page by page."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from services.attempts import evaluations
from services.attempts.evaluations import EvaluationView
from services.db.engine import Database
from services.errors import NotFound
from services.jobs.job_views import JobView
from services.jobs.lookup import JobLookup


@dataclass(frozen=True)
class PredictionPage:
    """Some stored predictions, and the row after which the next page begins."""

    job: JobView
    checkpoint_id: str
    columns: list[str]
    rows: list[list[Any]]
    count: int  #: of all pages
    after: int | None


class JobEvaluations:
    """The reader's side of evaluations."""

    def __init__(self, database: Database, lookup: JobLookup) -> None:
        self.database = database
        self.lookup = lookup

    def get(self, owner: str, id_or_name: str) -> tuple[JobView, EvaluationView]:
        """Return a job and its evaluation.

        Raises: NotFound, also when there is none.
        """
        job = self.lookup.get(owner, id_or_name)
        with self.database.reading() as session:
            found = evaluations.read(session, job.id)
        if found is None:
            raise NotFound(f"{job.name} has no evaluation: {_why(job)}.")
        return job, found

    def predictions(self, owner: str, id_or_name: str, *, after: int | None, limit: int) -> PredictionPage:
        """Return validation predictions of the rows after one.

        Raises: NotFound, also when there are none.
        """
        job, evaluation = self.get(owner, id_or_name)
        with self.database.reading() as session:
            columns = evaluations.predictions(session, job.id) or {"row": []}
        rows = columns["row"]
        start = 0 if after is None else bisect_right(rows, after)
        shown = [
            list(cells) for cells in zip(*(values[start : start + limit] for values in columns.values()), strict=True)
        ]
        more = start + limit < len(rows)
        return PredictionPage(
            job, evaluation.checkpoint_id, list(columns), shown, len(rows), shown[-1][0] if more else None
        )


def _why(job: JobView) -> str:
    if not job.done:
        return f"it is {job.status}, and is evaluated when it has ended"
    if job.training.best.epoch is None:
        return f"it {job.status} without a best epoch"
    return "it was trained by an older release, has no validation rows in a table, or did not end by itself"
