"""The tables of batch predictions: what was asked for, and the pieces of its output that are whole."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base

BATCH_STATES = ("queued", "running", "succeeded", "failed", "cancelled")


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class BatchPrediction(Base):
    """One request to predict every row of a data set. Its output lies in the storage folder."""

    __tablename__ = "batch_predictions"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in BATCH_STATES)})", name="state"),
        CheckConstraint("format IN ('csv', 'parquet')", name="format"),
        Index("ix_batch_predictions_queue", "created_at", "id", **_partial("state = 'queued'")),
        Index("ix_batch_predictions_running", "owner", **_partial("state = 'running'")),
        Index("ix_batch_predictions_checkpoint_id", "checkpoint_id", **_partial("finished_at IS NULL")),
        Index("ix_batch_predictions_dataset_id", "dataset_id", **_partial("finished_at IS NULL")),
        Index("ix_batch_predictions_owner_created_at", "owner", "created_at", "id"),
        Index("ix_batch_predictions_finished_at", "finished_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    state: Mapped[str]
    job_id: Mapped[str]  #: it may be deleted once this is finished
    checkpoint_id: Mapped[str]
    checkpoint: Mapped[dict[str, Any]]  #: what a user sees of it
    model: Mapped[dict[str, Any] | None]  #: name, version and alias of the registered model that was named
    weights_sha256: Mapped[str]
    dataset_id: Mapped[str]
    dataset_sha256: Mapped[str]
    format: Mapped[str]
    warnings: Mapped[list[Any]]
    total_rows: Mapped[int] = mapped_column(BigInteger)
    piece_rows: Mapped[int]  #: rows of each piece of the output but the last

    attempt: Mapped[int] = mapped_column(default=0)  #: the fence: raised by each claim
    attempts_without_progress: Mapped[int] = mapped_column(default=0)
    beat: Mapped[int] = mapped_column(BigInteger, default=0)
    worker: Mapped[str | None]
    not_before: Mapped[datetime]  #: when it may be tried
    cancel_requested_at: Mapped[datetime | None]
    rows_done: Mapped[int] = mapped_column(BigInteger, default=0)  #: the rows of all pieces
    predicted_s: Mapped[float] = mapped_column(default=0.0)  #: how long the pieces took, all attempts together
    error: Mapped[dict[str, Any] | None]
    file: Mapped[str | None]  #: name of the output in the folder of this prediction
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]  #: of the output

    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PredictionPiece(Base):
    """A whole piece of an output, written by one attempt. A file without a row here is half a piece."""

    __tablename__ = "prediction_pieces"

    prediction_id: Mapped[str] = mapped_column(ForeignKey("batch_predictions.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    rows: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
