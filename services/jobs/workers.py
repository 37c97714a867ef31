"""The workers that show signs of life."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.db.engine import Database, now
from services.db.tables import Job, Worker
from services.jobs.queries import insert_for
from services.states import JobState


@dataclass(frozen=True)
class WorkerView:
    """A worker that is online."""

    id: str
    device: str
    slots: int
    versions: dict[str, Any]
    started_at: datetime
    seen_s_ago: float
    busy: int  #: slots that train somebody's job
    jobs: list[str]  #: those of the owner who asks


class Workers:
    """Signs of life, in the database's time."""

    def __init__(self, database: Database, online_s: float) -> None:
        self.database = database
        self.online_s = online_s

    def seen(self, worker: str, device: str, slots: int, versions: dict[str, Any]) -> None:
        """Note that a worker is alive now."""
        with self.database.transaction() as session:
            time = now(session)
            row = {"device": device, "slots": slots, "versions": versions, "seen_at": time}
            insert = insert_for(session)(Worker).values(id=worker, started_at=time, **row)
            session.execute(insert.on_conflict_do_update(index_elements=["id"], set_=row))

    def gone(self, worker: str) -> None:
        """Forget a worker that ends."""
        with self.database.transaction() as session:
            row = session.get(Worker, worker)
            if row:
                session.delete(row)

    def listing(self, owner: str) -> list[WorkerView]:
        """Return the workers that were seen lately, with the jobs that they train for an owner."""
        with self.database.reading() as session:
            time = now(session)
            oldest = time - timedelta(seconds=self.online_s)
            found = session.scalars(select(Worker).where(Worker.seen_at >= oldest).order_by(Worker.id))
            running = session.execute(
                select(Job.worker, Job.owner, Job.id).where(Job.state == JobState.RUNNING).order_by(Job.id)
            ).all()
            return [_view(worker, owner, [tuple(row) for row in running], time) for worker in found]

    def online(self, device: str | None = None) -> int:
        """Return how many workers, of a device or all, were seen lately."""
        with self.database.reading() as session:
            return online(session, device, self.online_s)


def _view(worker: Worker, owner: str, running: list[tuple[Any, ...]], time: datetime) -> WorkerView:
    trained = [(of, job_id) for name, of, job_id in running if name == worker.id]
    return WorkerView(
        id=worker.id,
        device=worker.device,
        slots=worker.slots,
        versions=worker.versions,
        started_at=worker.started_at,
        seen_s_ago=max(0.0, (time - worker.seen_at).total_seconds()),
        busy=len(trained),
        jobs=[job_id for of, job_id in trained if of == owner],
    )


def online(session: Session, device: str | None, online_s: float) -> int:
    """Return how many workers were seen in the last `online_s` seconds."""
    query = select(func.count()).select_from(Worker).where(Worker.seen_at >= now(session) - timedelta(seconds=online_s))
    return int(session.scalar(query.where(Worker.device == device) if device else query) or 0)
