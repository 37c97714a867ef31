"""What a trainer writes of its batch prediction: whole pieces with their digests, and how it ended."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.batches.batch_lifecycle import owned
from services.batches.batch_views import BatchWork, Piece
from services.db.engine import Database, now
from services.db.prediction_tables import BatchPrediction, PredictionPiece
from services.errors import NotReady, StorageFull
from services.outage import Outage
from services.states import JobState
from services.training_errors import Fenced, TrainingFault

RETRY_S = 0.5  #: pause before a write is tried again while the database is away


class BatchRecorder:
    """Each write is one transaction that begins with the fence, tried for as long as the database is away."""

    def __init__(self, database: Database, work: BatchWork, waiting: Callable[[], None] = lambda: None) -> None:
        self.database = database
        self.work = work
        self.waiting = waiting  #: called before each pause, so that whoever watches knows that this one lives
        self.outage = Outage("the recording of predictions")

    def piece(self, piece: Piece, *, rows_done: int, seconds: float) -> None:
        """Record a piece whose file is written.

        Raises: Fenced.
        """

        def write(session: Session) -> None:
            self._fenced(
                session,
                rows_done=rows_done,
                attempts_without_progress=0,
                predicted_s=BatchPrediction.predicted_s + seconds,
            )
            mine = {"prediction_id": self.work.prediction_id, "attempt": self.work.attempt}
            stored = {"n": piece.n, "rows": piece.rows, "size_bytes": piece.size_bytes, "sha256": piece.sha256}
            session.add(PredictionPiece(**mine, **stored))

        self._until_written(write, landed=lambda row: row.rows_done == rows_done)

    def forget_from(self, n: int, rows_done: int) -> None:
        """Forget the pieces from one on whose file is damaged: they are made again.

        Raises: Fenced.
        """

        def write(session: Session) -> None:
            self._fenced(session, rows_done=rows_done)
            mine = PredictionPiece.prediction_id == self.work.prediction_id
            session.execute(delete(PredictionPiece).where(mine, PredictionPiece.n >= n))

        self._until_written(write, landed=lambda row: row.rows_done == rows_done)

    def succeed(self, file: str, size_bytes: int, sha256: str) -> None:
        """Finish with a whole output; its pieces are no longer needed.

        Raises: Fenced.
        """

        def write(session: Session) -> None:
            end = {"state": JobState.SUCCEEDED, "finished_at": now(session), "worker": None}
            self._fenced(session, **end, file=file, size_bytes=size_bytes, sha256=sha256)
            mine = PredictionPiece.prediction_id == self.work.prediction_id
            session.execute(delete(PredictionPiece).where(mine))

        self._until_written(write, landed=lambda row: row.file == file)

    def _fenced(self, session: Session, **columns: Any) -> None:
        statement = update(BatchPrediction).where(*owned(self.work.prediction_id, self.work.attempt)).values(**columns)
        done = session.execute(
            statement.returning(BatchPrediction.id), execution_options={"synchronize_session": False}
        )
        if done.first() is None:
            raise Fenced

    def _until_written(self, write: Callable[[Session], None], landed: Callable[[BatchPrediction], bool]) -> None:
        """Write in one transaction. When the connection is lost at COMMIT, look first whether it happened."""
        unknown = False
        while True:
            try:
                with self.database.transaction() as session:
                    row = session.get(BatchPrediction, self.work.prediction_id) if unknown else None
                    if row is not None and row.attempt == self.work.attempt and landed(row):
                        return
                    session.expunge_all()
                    write(session)
            except (NotReady, StorageFull) as error:
                unknown = True
                self.outage.began(error.detail, prediction=self.work.prediction_id)
                self.waiting()
                time.sleep(RETRY_S)
            else:
                self.outage.ended(prediction=self.work.prediction_id)
                return


def fail(database: Database, prediction_id: str, attempt: int, fault: TrainingFault) -> None:
    """Fail a batch prediction, of which perhaps nothing could be opened.

    Raises: Fenced.
    """
    error = {"code": fault.code, "message": fault.detail, **fault.members}
    with database.transaction() as session:
        row = session.scalar(select(BatchPrediction).where(*owned(prediction_id, attempt)).with_for_update())
        if row is None:
            raise Fenced
        row.state, row.error, row.finished_at, row.worker = JobState.FAILED, error, now(session), None
