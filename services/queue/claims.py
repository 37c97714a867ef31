"""A worker takes the next job. Nobody else has it then: the attempt that the claim raises fences every later write."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.db import job_rows
from services.db.engine import Database, now
from services.db.tables import Owner
from services.disk import Disk
from services.queue import order

CLAIM_TRIES = 10


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

        None while the disk is full: a job that began could store nothing.
        """
        if self.disk.is_full:
            return None
        for _ in range(CLAIM_TRIES):
            with self.database.transaction() as session:
                time = now(session)
                order.end_waits(session, device, time)
                values = {
                    "device": device,
                    "worker": worker,
                    "now": job_rows.stamp(session, time),
                    "running": self.running,
                }
                taken = session.execute(order.CLAIM, values).first()
                if taken is None and not order.eligible(session, device, 1, self.running):
                    return None
                if taken is None:
                    continue  # another worker was faster
                return self._claimed(session, taken, worker)
        return None

    def _claimed(self, session: Session, taken: Any, worker: str) -> Claim:
        newest = select(Owner.last_claim).order_by(Owner.last_claim.desc()).limit(1).scalar_subquery()
        session.execute(
            update(Owner).where(Owner.name == taken.owner).values(last_claim=newest + 1),
            execution_options={"synchronize_session": False},
        )
        words = f"attempt {taken.attempt} on {worker}"
        job_rows.add_event(session, taken.id, "started", words, {"attempt": taken.attempt})
        return Claim(taken.id, taken.attempt, taken.trained_s)
