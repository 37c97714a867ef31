"""What registered models and batch predictions hold of jobs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.db.model_tables import ModelVersion
from services.db.prediction_tables import BatchPrediction


def versions_of(session: Session, job_id: str) -> list[str]:
    """Return the versions that are checkpoints of a job, as `name/version`."""
    query = select(ModelVersion.name, ModelVersion.version).where(ModelVersion.job_id == job_id)
    rows = session.execute(query.order_by(ModelVersion.name, ModelVersion.version))
    return [f"{row.name}/{row.version}" for row in rows]


def predictions_of(session: Session, job_id: str) -> list[str]:
    """Return the batch predictions that are not finished and need a checkpoint of a job."""
    query = select(BatchPrediction.id).where(BatchPrediction.job_id == job_id, BatchPrediction.finished_at.is_(None))
    return list(session.scalars(query.order_by(BatchPrediction.created_at).limit(20)))
