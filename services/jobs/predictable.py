"""The jobs that can predict, by name: of each name the one that a prediction by that name takes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services.db.engine import Database
from services.db.tables import Dataset, Job
from services.states import JobState

NEWEST = 500  #: jobs that are looked at


@dataclass(frozen=True)
class NamedModel:
    """A name under which rows can be predicted, and the job that answers."""

    name: str
    job_id: str
    status: str
    task: str
    model: str
    dataset_id: str
    dataset: str
    target: str
    metric: str
    value: float | None
    epoch: int | None
    versions: int  #: jobs of this name that have weights
    created_at: datetime


class Predictable:
    """Lists the names of one owner's jobs that have weights."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def listing(self, owner: str) -> list[NamedModel]:
        """Return the names, newest first; of one name a job that succeeded before any other."""
        query = (
            select(Job, Dataset.name)
            .join(Dataset, Dataset.id == Job.dataset_id)
            .where(Job.owner == owner, Job.best_checkpoint.is_not(None))
            .order_by(Job.created_at.desc(), Job.id.desc())
            .limit(NEWEST)
        )
        chosen: dict[str, tuple[Job, str]] = {}
        counts: dict[str, int] = {}
        with self.database.reading() as session:
            for job, dataset in session.execute(query):
                counts[job.name] = counts.get(job.name, 0) + 1
                held = chosen.get(job.name)
                if held is None or (job.state == JobState.SUCCEEDED and held[0].state != JobState.SUCCEEDED):
                    chosen[job.name] = (job, dataset)
            return [_view(job, dataset, counts[name]) for name, (job, dataset) in chosen.items()]


def _view(job: Job, dataset: str, versions: int) -> NamedModel:
    target = job.spec["data"].get("target")
    return NamedModel(
        name=job.name,
        job_id=job.id,
        status=str(job.state),
        task=job.spec["task"],
        model=job.spec["model"]["type"],
        dataset_id=job.dataset_id,
        dataset=dataset,
        target=", ".join(target) if isinstance(target, list) else str(target or ""),
        metric=job.spec["monitor"]["metric"],
        value=job.best_value,
        epoch=job.best_epoch,
        versions=versions,
        created_at=job.created_at,
    )
