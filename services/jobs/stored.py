"""How much an owner's data sets and checkpoints take."""

from dataclasses import dataclass

from sqlalchemy import func, select

from services.db.engine import Database
from services.db.tables import Checkpoint, Dataset, Job


@dataclass(frozen=True)
class Stored:
    """Counts and sizes of what an owner keeps."""

    datasets: int
    dataset_bytes: int
    checkpoints: int
    checkpoint_bytes: int


def stored(database: Database, owner: str) -> Stored:
    """Return what an owner keeps."""
    datasets = select(func.count(), func.coalesce(func.sum(Dataset.size_bytes), 0)).where(Dataset.owner == owner)
    checkpoints = (
        select(func.count(), func.coalesce(func.sum(Checkpoint.size_bytes), 0))
        .join(Job, Job.id == Checkpoint.job_id)
        .where(Job.owner == owner)
    )
    with database.reading() as session:
        files, weights = session.execute(datasets).one(), session.execute(checkpoints).one()
    return Stored(int(files[0]), int(files[1]), int(weights[0]), int(weights[1]))
