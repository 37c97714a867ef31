"""What the room shows of jobs: frozen copies of rows, so that none is used outside its session."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.db.tables import Epoch, Event, Job
from services.failures import explained
from services.queue.order import Place
from services.queue.wait_reason import QueuePlace
from services.states import FINAL, JobState, status_of

T = TypeVar("T")


@dataclass(frozen=True)
class EpochView:
    """One recorded epoch. A cost that was not finite is None."""

    epoch: int
    train_cost: float | None
    val_cost: float | None
    metrics: dict[str, Any]
    lr: float
    seconds: float
    rows_per_second: float
    best: bool
    attempt: int


@dataclass(frozen=True)
class EventView:
    """Something that happened to a job."""

    seq: int
    type: str
    level: str
    message: str
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class JobView:
    """One job as its owner sees it."""

    id: str
    name: str
    state: JobState
    status: str  #: the state, or cancelling and pausing while a wish is set
    spec: dict[str, Any]
    spec_submitted: dict[str, Any]
    dataset_id: str
    dataset_name: str
    dataset_sha256: str
    device: str
    priority: int
    level: int  #: 0 for a job that has trained little, up to 2
    tags: list[Any]
    metadata: dict[str, Any]
    model_summary: dict[str, Any]
    warnings: list[Any]
    attempt: int
    worker: str | None
    progress: dict[str, Any] | None
    epochs_done: int
    events_seq: int
    best_checkpoint: str | None
    best_epoch: int | None
    best_value: float | None
    baseline: dict[str, Any] | None  #: what the same answer for every row comes to
    last_checkpoint: str | None
    test: dict[str, Any] | None
    environment: dict[str, Any] | None
    error: dict[str, Any] | None
    adjustments: list[Any]  #: what was changed unasked, and why
    initialised_from: dict[str, Any] | None
    stop_reason: str | None
    stop_detail: str | None  #: what the user gave as the reason
    retry_of: str | None
    spec_diff: list[Any] | None  #: how the spec of a retry differs from the old job's
    not_before: datetime  #: an attempt that was cut short is tried again then
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    latest: EpochView | None = None
    queue: QueuePlace | None = None
    resume_from: dict[str, int] | None = None  #: epoch and step, in the answer to a resume
    spark: list[float] = field(default_factory=list)  #: at most 24 train costs, for a small curve

    @property
    def place(self) -> Place:
        """What decides where a queued job stands."""
        return Place(self.device, self.priority, self.level, self.created_at, self.id)

    @property
    def done(self) -> bool:
        """Whether the job's state is final."""
        return self.state in FINAL


@dataclass(frozen=True)
class Page(Generic[T]):
    """A piece of a list and the cursor of the next."""

    items: list[T]
    next: str | None


@dataclass(frozen=True)
class Submission:
    """The job of a submit, and whether the Idempotency-Key had brought it before."""

    job: JobView
    replayed: bool


def latest_epoch(session: Session, job_id: str) -> EpochView | None:
    """Return the newest recorded epoch."""
    row = session.scalar(select(Epoch).where(Epoch.job_id == job_id).order_by(Epoch.epoch.desc()).limit(1))
    return epoch_view(row) if row else None


def epoch_view(row: Epoch) -> EpochView:
    """Return a copy of an epoch's row."""
    return EpochView(
        epoch=row.epoch,
        train_cost=row.train_cost,
        val_cost=row.val_cost,
        metrics=row.metrics,
        lr=row.lr,
        seconds=row.seconds,
        rows_per_second=row.rows_per_second,
        best=row.best,
        attempt=row.attempt,
    )


def event_view(row: Event) -> EventView:
    """Return a copy of an event's row."""
    return EventView(row.seq, row.type, row.level, row.message, row.data, row.created_at)


def job_view(row: Job, dataset_name: str, spark: list[float] | None = None) -> JobView:
    """Return a copy of a job's row."""
    return JobView(
        id=row.id,
        name=row.name,
        state=JobState(row.state),
        status=status_of(row.state, row.cancel_wished_at is not None, row.pause_wished_at is not None),
        spec=row.spec,
        spec_submitted=row.spec_submitted,
        dataset_id=row.dataset_id,
        dataset_name=dataset_name,
        dataset_sha256=row.dataset_sha256,
        device=row.device,
        priority=row.priority,
        level=row.level,
        tags=row.tags,
        metadata=row.metadata_,
        model_summary=row.model_summary,
        warnings=row.warnings,
        attempt=row.attempt,
        worker=row.worker,
        progress=row.progress,
        epochs_done=row.epochs_done,
        events_seq=row.events_seq,
        best_checkpoint=row.best_checkpoint,
        best_epoch=row.best_epoch,
        best_value=row.best_value,
        baseline=row.baseline,
        last_checkpoint=row.last_checkpoint,
        test=row.test,
        environment=row.environment,
        error=explained(row.error, row.spec),
        adjustments=row.adjustments,
        initialised_from=row.initialised_from,
        stop_reason=row.stop_reason,
        stop_detail=row.stop_detail,
        retry_of=row.retry_of,
        spec_diff=row.spec_diff,
        not_before=row.not_before,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        spark=spark or [],
    )
