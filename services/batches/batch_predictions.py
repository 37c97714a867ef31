"""What users ask of batch predictions, but for their submit. Every query carries the owner."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from services import ids
from services.batches.batch_views import BatchView, NewBatch, batch_view
from services.batches.shared_outputs import AnyOutputs
from services.datasets import dataset_rows
from services.db import cursors
from services.db.engine import Database, now
from services.db.prediction_tables import BatchPrediction
from services.db.tables import Checkpoint, Job
from services.errors import InvalidTransition, JobAlreadyFinished, NotFound
from services.model_errors import OutputNotReady
from services.nudges import DEVICES
from services.settings import Settings
from services.specs.parse.faults import closest
from services.states import FINAL, JobState

if TYPE_CHECKING:
    from services.jobs.idempotency import IdempotencyKeys
    from services.jobs.submission import RequestKey

PRUNED = 50  #: most batch predictions of one round of pruning
SWEEP_S = 3_600.0  #: files that no row refers to are kept for so long


class BatchPredictionService:
    """The rows in SQL say what there is, the storage folder holds the outputs. `ring` never blocks."""

    def __init__(
        self,
        database: Database,
        files: AnyOutputs,
        keys: "IdempotencyKeys",
        settings: Settings,
        ring: Callable[[str], None],
    ) -> None:
        self.database = database
        self.files = files
        self.keys = keys
        self.settings = settings
        self.ring = ring

    def replayed(self, owner: str, key: "RequestKey") -> BatchView | None:
        """Return the batch prediction that a key brought before; None if it is new.

        Raises: IdempotencyKeyReused; NotFound when it was deleted just now.
        """
        with self.database.reading() as session:
            found = self.keys.submitter(session, owner, key).job_id
            return batch_view(_row(session, owner, found)) if found else None

    def add(self, new: NewBatch, key: "RequestKey | None" = None) -> BatchView | None:
        """Queue a batch prediction; return None when another with the same key was first.

        Raises: NotFound when its checkpoint was replaced, or its data set deleted, just now.
        """
        with self.database.transaction() as session:
            # The job's trainer removes checkpoints only after a write to this row, and so does whoever deletes the job.
            session.execute(select(Job.id).where(Job.id == new.job_id).with_for_update())
            prediction_id = ids.new("pred")
            if key is None:
                dataset_rows.lock(session, new.dataset_sha256)
            elif not self.keys.take(session, new.owner, key, prediction_id, new.dataset_sha256):
                return None
            if session.get(Checkpoint, str(new.checkpoint["id"])) is None:
                raise NotFound("The checkpoint was replaced by a newer one just now.")
            if dataset_rows.by_id(session, new.owner, new.dataset_id) is None:
                raise NotFound("The data set was deleted just now.")
            time = now(session)
            row = BatchPrediction(
                id=prediction_id,
                state=JobState.QUEUED,
                checkpoint_id=new.checkpoint["id"],
                created_at=time,
                not_before=time,
                **vars(new),
            )
            session.add(row)
            session.flush()
            found = batch_view(row)
        for device in DEVICES:  # any worker may take it
            self.ring(device)
        return found

    def get(self, owner: str, prediction_id: str) -> BatchView:
        """Return a batch prediction.

        Raises: NotFound with the closest id.
        """
        with self.database.reading() as session:
            return batch_view(_row(session, owner, prediction_id))

    def listing(self, owner: str, *, limit: int, after: str | None) -> tuple[list[BatchView], str | None]:
        """Return batch predictions, newest first, and the cursor of the next page."""
        query = select(BatchPrediction).where(BatchPrediction.owner == owner)
        if after:
            time, prediction_id = cursors.read(after, 2)
            place = (cursors.time(time), prediction_id)
            query = query.where(tuple_(BatchPrediction.created_at, BatchPrediction.id) < place)
        query = query.order_by(BatchPrediction.created_at.desc(), BatchPrediction.id.desc())
        with self.database.reading() as session:
            found = [batch_view(row) for row in session.scalars(query.limit(limit + 1))]
        shown = found[:limit]
        return shown, cursors.write(shown[-1].created_at, shown[-1].id) if len(found) > limit else None

    def cancel(self, owner: str, prediction_id: str) -> BatchView:
        """Cancel a queued batch prediction at once; ask the trainer of a running one to stop.

        Raises: NotFound; JobAlreadyFinished unless it was cancelled.
        """
        with self.database.transaction() as session:
            row = _row(session, owner, prediction_id, lock=True)
            changes: dict[str, Any] = {}
            if row.state == JobState.QUEUED:
                changes = {"state": JobState.CANCELLED, "finished_at": now(session)}
            elif row.state == JobState.RUNNING:
                changes = {"cancel_requested_at": row.cancel_requested_at or now(session)}
            elif row.state != JobState.CANCELLED:
                detail = f"{row.id} {row.state}; there is nothing to cancel."
                raise JobAlreadyFinished(detail, prediction_status=row.state)
            if changes:
                session.execute(update(BatchPrediction).where(*_mine(owner, row.id)).values(**changes))
            return batch_view(row)

    def delete(self, owner: str, prediction_id: str, *, force: bool = False) -> None:
        """Delete a batch prediction with its output.

        Raises: NotFound; InvalidTransition unless it is finished or `force` is said: then its trainer is fenced.
        """
        with self.database.transaction() as session:
            row = _row(session, owner, prediction_id, lock=True)
            if row.state not in FINAL and not force:
                detail = (
                    f"{row.id} is {row.state}; only a finished one is deleted. Cancel it first, or pass force=true."
                )
                raise InvalidTransition(detail, prediction_status=row.state)
            session.execute(delete(BatchPrediction).where(*_mine(owner, row.id)))
            self.keys.release(session, [row.id])
        self.files.remove(prediction_id)

    def output(self, owner: str, prediction_id: str) -> tuple[BatchView, Path]:
        """Return a batch prediction that is done and the file of its output.

        Raises: NotFound; OutputNotReady, also when it failed or was cancelled; NotReady; StorageFull.
        """
        found = self.get(owner, prediction_id)
        if found.file is None:
            wait = "" if found.done else f" {found.rows_done} of {found.total_rows} rows are done."
            raise OutputNotReady(f"{found.id} is {found.status}.{wait}", prediction_status=found.status)
        return found, self.files.whole(found.id, found.file, found.sha256 or "")

    def prunable(self) -> int:
        """Return how many finished longer ago than the operator keeps them.

        Raises: NotReady.
        """
        days = self.settings.keep_predictions_days
        if days is None:
            return 0
        with self.database.reading() as session:
            query = select(func.count()).select_from(BatchPrediction).where(_expired(session, days))
            return int(session.scalar(query) or 0)

    def prune(self) -> int:
        """Delete some of those that finished longer ago than the operator keeps them; return how many.

        Raises: NotReady.
        """
        days = self.settings.keep_predictions_days
        if days is None:
            return 0
        with self.database.transaction() as session:
            query = select(BatchPrediction.id).where(_expired(session, days))
            over = list(session.scalars(query.order_by(BatchPrediction.finished_at).limit(PRUNED)))
            session.execute(delete(BatchPrediction).where(BatchPrediction.id.in_(over)))
            self.keys.release(session, over)
        for prediction_id in over:
            self.files.remove(prediction_id)
        return len(over)

    def sweep(self, older_than_s: float = SWEEP_S) -> None:
        """Remove the files that no row refers to: of deleted predictions, and pieces of finished ones.

        Raises: NotReady.
        """
        for prediction_id in self.files.older_than(older_than_s):
            with self.database.reading() as session:
                row = session.get(BatchPrediction, prediction_id)
            if row is None:
                self.files.remove(prediction_id)
            elif row.state in FINAL:
                self.files.keep_only(prediction_id, row.file)


def _expired(session: Session, days: float) -> ColumnElement[bool]:
    return BatchPrediction.finished_at < now(session) - timedelta(days=days)


def _row(session: Session, owner: str, prediction_id: str, *, lock: bool = False) -> BatchPrediction:
    query = select(BatchPrediction).where(BatchPrediction.owner == owner, BatchPrediction.id == prediction_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        newest = select(BatchPrediction.id).where(BatchPrediction.owner == owner)
        known = list(session.scalars(newest.order_by(BatchPrediction.created_at.desc()).limit(200)))
        raise NotFound(
            f"There is no batch prediction {prediction_id[:80]!r}.", suggestion=closest(prediction_id, known)
        )
    return row


def _mine(owner: str, prediction_id: str) -> tuple[ColumnElement[bool], ...]:
    return BatchPrediction.id == prediction_id, BatchPrediction.owner == owner
