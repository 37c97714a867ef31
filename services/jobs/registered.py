"""What registered models hold of jobs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.db.model_tables import ModelVersion


def versions_of(session: Session, job_id: str) -> list[str]:
    """Return the versions that are checkpoints of a job, as `name/version`."""
    query = select(ModelVersion.name, ModelVersion.version).where(ModelVersion.job_id == job_id)
    rows = session.execute(query.order_by(ModelVersion.name, ModelVersion.version))
    return [f"{row.name}/{row.version}" for row in rows]
