"""What a worker writes of a batch prediction's attempt: beats, and the ends that a trainer could not write itself."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.attempts import checkpoints
from services.attempts.checkpoint_objects import CheckpointObjects
from services.attempts.crash import Crash
from services.attempts.work import StopRequests
from services.batches.batch_views import BatchWork, Piece
from services.batches.output_files import piece_name
from services.columns import Column, TableInfo
from services.db.engine import Database, now
from services.db.prediction_tables import BatchPrediction, PredictionPiece
from services.db.tables import Checkpoint, Dataset
from services.errors import CheckpointCorrupt, NotFound
from services.queue.claims import Claim
from services.settings import Settings
from services.states import JobState
from services.training_errors import DataUnreadable, Fenced, WeightsUnreadable


class BatchLifecycle:
    """The worker's side of batch predictions, told like that of jobs. Every write names the attempt."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.large = CheckpointObjects.of(settings)

    def load(self, prediction_id: str, attempt: int) -> BatchWork:
        """Return what the trainer of a claimed batch prediction needs.

        Raises: Fenced when another attempt owns it; WeightsUnreadable; DataUnreadable.
        """
        with self.database.reading() as session:
            row = session.scalar(select(BatchPrediction).where(*owned(prediction_id, attempt)))
            if row is None:
                raise Fenced
            dataset = session.get(Dataset, row.dataset_id)
            if dataset is None:
                raise DataUnreadable("The data set is gone.")
            weights = _weights(session, row.checkpoint_id, self.large)
            mine = select(PredictionPiece).where(PredictionPiece.prediction_id == prediction_id)
            pieces = [
                Piece(piece.n, piece.rows, piece_name(piece.n, piece.attempt), piece.size_bytes, piece.sha256)
                for piece in session.scalars(mine.order_by(PredictionPiece.n))
            ]
        return BatchWork(
            prediction_id=row.id,
            attempt=attempt,
            weights=weights,
            receipt=_receipt(row),
            info=TableInfo(dataset.rows, [Column(**column) for column in dataset.columns]),
            dataset_sha256=row.dataset_sha256,
            format=row.format,
            total_rows=row.total_rows,
            piece_rows=row.piece_rows,
            pieces=pieces,
        )

    def beats(self, session: Session) -> dict[str, tuple[int, int]]:
        """Return the attempt and beat of everything that runs."""
        query = select(BatchPrediction.id, BatchPrediction.attempt, BatchPrediction.beat)
        running = session.execute(query.where(BatchPrediction.state == JobState.RUNNING))
        return {row.id: (row.attempt, row.beat) for row in running}

    def beat(self, claim: Claim, _progress: dict[str, Any] | None) -> StopRequests | None:
        """Show that it is alive; return the stop requests; None: another attempt owns it. Pieces are its progress."""
        raised = update(BatchPrediction).where(*owned(claim.job_id, claim.attempt))
        with self.database.transaction() as session:
            found = session.execute(
                raised.values(beat=BatchPrediction.beat + 1).returning(BatchPrediction.cancel_requested_at),
                execution_options={"synchronize_session": False},
            ).first()
        return None if found is None else StopRequests(found[0] is not None, pause=False)

    def stop_requests(self, claim: Claim) -> StopRequests | None:
        """Return the stop requests without a beat."""
        query = select(BatchPrediction.cancel_requested_at).where(*owned(claim.job_id, claim.attempt))
        with self.database.reading() as session:
            found = session.execute(query).first()
        return None if found is None else StopRequests(found[0] is not None, pause=False)

    def drained(self, claim: Claim) -> None:
        """Put one back that stopped because its worker ends; the attempt is not charged."""
        self._put_back(claim, charged=False)

    def yielded(self, claim: Claim) -> None:
        """Put one back that stopped after a piece because a job waits; the attempt is not charged."""
        self._put_back(claim, charged=False)

    def stopped(self, claim: Claim) -> None:
        """Write that one stopped as its user asked."""
        self._put_back(claim, charged=False)

    def crashed(self, claim: Claim, crash: Crash, *, charged: bool = True, final: bool = False) -> None:
        """Put one back whose trainer died, after a pause; fail it when it has made no progress too often."""
        self._put_back(claim, charged=charged, error=crash.as_error(), final=final)

    def out_of_memory(self, claim: Claim, crash: Crash, *, in_step: bool) -> None:
        """Put one back whose trainer ran out of memory: it has few rows at a time already, so it is a crash."""
        self.crashed(claim, crash)

    def silent(self, prediction_id: str, attempt: int, beat: int) -> bool:
        """Put one back whose worker fell silent at this beat; return whether it was still so."""
        crash = Crash("worker_lost", "Its worker stopped responding.")
        return self._put_back(Claim(prediction_id, attempt), beat=beat, error=crash.as_error())

    def _put_back(
        self,
        claim: Claim,
        *,
        charged: bool = True,
        final: bool = False,
        error: dict[str, Any] | None = None,
        beat: int | None = None,
    ) -> bool:
        """Leave `running`: cancelled if that was requested, failed if that is final or came too often, else queued."""
        query = select(BatchPrediction).where(*owned(claim.job_id, claim.attempt))
        if beat is not None:
            query = query.where(BatchPrediction.beat == beat)
        with self.database.transaction() as session:
            row = session.scalar(query.with_for_update())
            if row is None:
                return False
            tries = row.attempts_without_progress if charged else max(0, row.attempts_without_progress - 1)
            row.worker, row.attempts_without_progress = None, tries
            often = error is not None and tries >= self.settings.max_attempts_without_progress
            if row.cancel_requested_at is not None:
                row.state, row.finished_at = JobState.CANCELLED, now(session)
            elif final or often:
                row.state, row.error, row.finished_at = JobState.FAILED, error, now(session)
            else:
                pause_s = self.settings.backoff_s * 2.0 ** (tries - 1) if error and charged and tries else 0.0
                row.state = JobState.QUEUED
                row.not_before = now(session) + timedelta(seconds=min(pause_s, self.settings.backoff_max_s))
        return True


def owned(prediction_id: str, attempt: int) -> tuple[Any, ...]:
    """Return the conditions under which an attempt may write."""
    return (
        BatchPrediction.id == prediction_id,
        BatchPrediction.attempt == attempt,
        BatchPrediction.state == JobState.RUNNING,
    )


def _weights(session: Session, checkpoint_id: str, large: CheckpointObjects | None) -> bytes:
    found = session.get(Checkpoint, checkpoint_id)
    try:
        if found is None:
            raise NotFound("The checkpoint is gone.")
        return checkpoints.content(session, found.id, found.sha256, large)
    except (NotFound, CheckpointCorrupt) as error:
        raise WeightsUnreadable(f"The weights can't be read. {error.detail}") from error


def _receipt(row: BatchPrediction) -> dict[str, str]:
    """Return what the output says of the model that made it."""
    found = {"job": row.job_id, "checkpoint": row.checkpoint_id, "weights_sha256": row.weights_sha256}
    if row.model:
        found["model"] = f"{row.model['name']}/{row.model['version']}"
    return {f"batchyard.{name}": value for name, value in found.items()}
