"""The text log of a job. Nothing of it is stored: it is rendered from events, epochs and batch costs."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from services.db.engine import Database
from services.db.tables import Epoch, Event
from services.jobs.job_views import JobView
from services.jobs.lookup import JobLookup, unpacked

PAGE = 500


class JobLogs:
    """The logs of one owner's jobs, written as they are read."""

    def __init__(self, database: Database, lookup: JobLookup) -> None:
        self.database = database
        self.lookup = lookup

    def lines(self, owner: str, job_id: str, *, timestamps: bool = False) -> Iterator[str]:
        """Return the log's lines, oldest first: each batch's cost, each epoch, each event.

        Raises: NotFound, before the first line is asked for.
        """
        job = self.lookup.get(owner, job_id)
        return self._lines(job, timestamps)

    def _lines(self, job: JobView, timestamps: bool) -> Iterator[str]:
        epochs = job.spec["epochs"]
        after = 0
        while True:
            with self.database.reading() as session:
                query = select(Event).where(Event.job_id == job.id, Event.seq > after).order_by(Event.seq).limit(PAGE)
                events = list(session.scalars(query))
                numbers = [event.data["epoch"] for event in events if event.type == "epoch"]
                costs = select(Epoch.epoch, Epoch.batch_costs).where(Epoch.job_id == job.id, Epoch.epoch.in_(numbers))
                batches = {row.epoch: row.batch_costs for row in session.execute(costs)}
            for event in events:
                before = _time(event.created_at) if timestamps else ""
                if event.type == "epoch":
                    packed = batches.get(event.data["epoch"])
                    for line in _batch_lines(event.data["epoch"], epochs, unpacked(packed or b"")):
                        yield before + line
                yield before + (event.message if event.type == "epoch" else f"{event.type}: {event.message}")
            if len(events) < PAGE:
                return
            after = events[-1].seq


def _batch_lines(epoch: int, epochs: int, costs: list[float]) -> Iterator[str]:
    for n, cost in enumerate(costs, 1):
        yield f"Epoch {epoch}/{epochs} Batch {n}/{len(costs)} Cost: {cost:.6f}"


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}Z "
