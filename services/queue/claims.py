"""A worker takes the next job. Nobody else has it then: the attempt that the claim raises fences every later write."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from services.db import job_rows
from services.db.engine import Database
from services.db.tables import Owner
from services.disk import Disk
from services.queue import order
from services.queue.workers import is_drained

CLAIM_TRIES = 10
_OWNERS: Any = Owner.__table__
_NEWEST = select(_OWNERS.c.last_claim).order_by(_OWNERS.c.last_claim.desc()).limit(1).scalar_subquery()
#: Puts an owner behind all others that have as many running jobs.
SERVED = update(_OWNERS).where(_OWNERS.c.name == bindparam("served")).values(last_claim=_NEWEST + 1)


@dataclass(frozen=True)
class Claim:
    """A job that a worker took, and the attempt that fences its writes."""

    job_id: str
    attempt: int
    trained_s: float = 0.0  #: how long it has trained, all attempts together


class Claims:
    """Takes jobs out of the queue."""

    def __init__(self, database: Database, disk: Disk, running: int | None) -> None:
        self.database = database
        self.disk = disk
        self.running = running  #: jobs of an owner that may run at once, where nothing else is set

    def claim(self, device: str, worker: str) -> Claim | None:
        """Take the best eligible job, or return None: fair share between owners, then priority, then age.

        None while the disk is full: a job that began could store nothing; for a worker that is drained; and while the
        queue is paused.
        """
        if self.disk.is_full:
            return None
        for _ in range(CLAIM_TRIES):
            # A claim that a power cut takes is made again: whoever trained for it is gone as well.
            with self.database.transaction(durable=False) as session:
                connection = session.connection()
                connection.execute(order.END_WAITS, {"of_device": device})
                values = {"of_device": device, "by": worker, "running": self.running}
                taken = connection.execute(order.CLAIM, values).first()
                if taken is None and self._has_none(session, device, worker):
                    return None
                if taken is None:
                    continue  # another worker was faster
                return self._claimed(session, taken, worker)
        return None

    def _has_none(self, session: Session, device: str, worker: str) -> bool:
        """Return whether nothing is there to be taken, rather than that another worker was faster."""
        return is_drained(session, worker) or not order.eligible(session, device, 1, self.running)

    def _claimed(self, session: Session, taken: Any, worker: str) -> Claim:
        session.connection().execute(SERVED, {"served": taken.owner})
        event = {"message": f"attempt {taken.attempt} on {worker}", "data": {"attempt": taken.attempt}}
        job_rows.write_event(session, taken, type="started", **event)
        return Claim(taken.id, taken.attempt, taken.trained_s)
