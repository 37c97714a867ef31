"""The workers that show signs of life."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.db.engine import Database, now
from services.db.tables import Worker
from services.jobs.queries import insert_for


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

    def online(self, device: str | None = None) -> int:
        """Return how many workers, of a device or all, were seen lately."""
        with self.database.reading() as session:
            return online(session, device, self.online_s)


def online(session: Session, device: str | None, online_s: float) -> int:
    """Return how many workers were seen in the last `online_s` seconds."""
    query = select(func.count()).select_from(Worker).where(Worker.seen_at >= now(session) - timedelta(seconds=online_s))
    return int(session.scalar(query.where(Worker.device == device) if device else query) or 0)
