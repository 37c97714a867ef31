"""How users name a job: by its id or its name."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.db.tables import Dataset, Job
from services.jobs.job_views import JobView, job_view
from services.states import JobState


def by_id(session: Session, owner: str, job_id: str) -> JobView | None:
    """Return an owner's job."""
    return _first(session, Job.owner == owner, Job.id == job_id)


def by_name(session: Session, owner: str, name: str) -> JobView | None:
    """Return the newest job of this name."""
    return _first(session, Job.owner == owner, Job.name == name)


def usable_by_name(session: Session, owner: str, name: str) -> str | None:
    """Return the id of the newest job of this name that can predict and did not diverge, one that succeeded first."""
    able = (Job.best_checkpoint.is_not(None), Job.diverged.is_(False))
    query = select(Job.id).where(Job.owner == owner, Job.name == name, *able)
    succeeded = Job.state == JobState.SUCCEEDED
    return session.scalar(query.order_by(succeeded.desc(), Job.created_at.desc(), Job.id.desc()).limit(1))


def words(session: Session, owner: str) -> Sequence[str]:
    """Return ids and names of the newest jobs, to suggest one of."""
    query = select(Job.id, Job.name).where(Job.owner == owner).order_by(Job.created_at.desc()).limit(200)
    return [word for row in session.execute(query) for word in row]


def _first(session: Session, *conditions: Any) -> JobView | None:
    query = select(Job, Dataset.name).join(Dataset, Dataset.id == Job.dataset_id).where(*conditions)
    found = session.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(1)).first()
    return job_view(found[0], found[1]) if found else None
