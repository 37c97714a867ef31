"""A worker takes the next batch prediction, as it takes a job: the attempt that the claim raises is the fence."""

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session, aliased

from services.db.clock import NOW
from services.db.engine import Database
from services.db.prediction_tables import BatchPrediction
from services.disk import Disk
from services.queue import order
from services.queue.claims import CLAIM_TRIES, Claim
from services.queue.pause import PAUSED
from services.queue.workers import is_drained
from services.settings import Settings
from services.states import JobState

#: As the partial index says it: what is a parameter can't be compared with an index's condition.
_QUEUED = text("batch_predictions.state = 'queued'")
_READY = select(BatchPrediction.id).where(_QUEUED, BatchPrediction.not_before <= NOW, ~PAUSED)
#: Every nudge asks for it, so that it is built once.
ELIGIBLE = select(func.count()).select_from(_READY.limit(bindparam("most")).subquery())


class BatchClaims:
    """Takes batch predictions out of the queue: of the owner with the fewest running ones, then the oldest."""

    def __init__(self, database: Database, settings: Settings, disk: Disk) -> None:
        self.database = database
        self.settings = settings
        self.disk = disk

    def claim(self, _device: str, worker: str) -> Claim | None:
        """Take the next batch prediction, or return None. Workers of any device compute it on their CPU.

        None while the disk is full: its pieces could not be stored; for a worker that is drained; and while the
        queue is paused.
        """
        if self.disk.is_full:
            return None
        with self.database.reading() as session:
            if not eligible(session, 1) or is_drained(session, worker):
                return None  # without a write transaction, since there mostly is none
        for _ in range(CLAIM_TRIES):
            with self.database.transaction() as session:
                if taken := self._taken(session, worker):
                    return taken
                if not eligible(session, 1):
                    return None
        return None

    def is_turn_over(self, device: str, worker: str, turn_s: float) -> bool:
        """Return whether a batch prediction that was claimed `turn_s` seconds ago should let a waiting job go first."""
        if turn_s < self.settings.prediction_turn_s:
            return False
        with self.database.reading() as session:
            if is_drained(session, worker):
                return False
            return order.eligible(session, device, 1, self.settings.owner_running_jobs) > 0

    def _taken(self, session: Session, worker: str) -> Claim | None:
        other = aliased(BatchPrediction)
        busy = select(func.count()).where(other.owner == BatchPrediction.owner, other.state == JobState.RUNNING)
        first = _READY.order_by(busy.scalar_subquery(), BatchPrediction.created_at, BatchPrediction.id).limit(1)
        found = session.execute(
            update(BatchPrediction)
            .where(BatchPrediction.state == JobState.QUEUED, BatchPrediction.id == first.scalar_subquery())
            .values(
                state=JobState.RUNNING,
                attempt=BatchPrediction.attempt + 1,
                attempts_without_progress=BatchPrediction.attempts_without_progress + 1,
                beat=BatchPrediction.beat + 1,
                worker=worker,
                started_at=func.coalesce(BatchPrediction.started_at, NOW),
            )
            .returning(BatchPrediction.id, BatchPrediction.attempt, BatchPrediction.predicted_s),
            execution_options={"synchronize_session": False},
        ).first()
        return Claim(found.id, found.attempt, found.predicted_s) if found else None


def eligible(session: Session, most: int) -> int:
    """Return how many batch predictions may start now, counted up to `most`."""
    return int(session.connection().execute(ELIGIBLE, {"most": most}).scalar_one())
