"""What the room shows of a batch prediction, and what its trainer is given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.columns import TableInfo
from services.db.prediction_tables import BatchPrediction
from services.states import FINAL, JobState, shown


@dataclass(frozen=True)
class NewBatch:
    """What a new batch prediction is made of; everything is checked."""

    owner: str
    job_id: str
    checkpoint: dict[str, Any]  #: id, selector, epoch, metric and value
    model: dict[str, Any] | None
    weights_sha256: str
    dataset_id: str
    dataset_sha256: str
    format: str
    total_rows: int
    piece_rows: int
    warnings: list[dict[str, Any]]


@dataclass(frozen=True)
class BatchView:
    """One batch prediction."""

    id: str
    status: str
    done: bool
    job_id: str
    checkpoint: dict[str, Any]
    model: dict[str, Any] | None
    weights_sha256: str
    dataset_id: str
    format: str
    warnings: list[dict[str, Any]]
    total_rows: int
    rows_done: int
    predicted_s: float
    attempt: int
    error: dict[str, Any] | None
    size_bytes: int | None
    sha256: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    file: str | None

    @property
    def eta_s(self) -> float | None:
        """How long the rest takes if it goes on as before; None before the first piece, and when it is done."""
        if self.done or not self.rows_done:
            return None
        return self.predicted_s / self.rows_done * (self.total_rows - self.rows_done)

    @property
    def version(self) -> str:
        """What changes with everything that is shown."""
        return f"{self.attempt}.{self.rows_done}.{self.status}"


@dataclass(frozen=True)
class Piece:
    """A whole piece of an output: its number, its rows, and the file with its digest."""

    n: int
    rows: int
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class BatchWork:
    """What a trainer needs to go on with a claimed batch prediction."""

    prediction_id: str
    attempt: int
    weights: bytes  #: the content of the checkpoint
    receipt: dict[str, str]  #: what the output says of the model
    info: TableInfo
    dataset_sha256: str
    format: str
    total_rows: int
    piece_rows: int
    pieces: list[Piece]  #: that are recorded, from the first on


def batch_view(row: BatchPrediction) -> BatchView:
    """Return a copy of a row as it is shown."""
    state = JobState(row.state)
    return BatchView(
        id=row.id,
        status=shown(state, cancel_requested=row.cancel_requested_at is not None, pause_requested=False),
        done=state in FINAL,
        job_id=row.job_id,
        checkpoint=row.checkpoint,
        model=row.model,
        weights_sha256=row.weights_sha256,
        dataset_id=row.dataset_id,
        format=row.format,
        warnings=row.warnings,
        total_rows=row.total_rows,
        rows_done=row.rows_done,
        predicted_s=row.predicted_s,
        attempt=row.attempt,
        error=row.error,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        file=row.file,
    )
