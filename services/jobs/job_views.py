"""What the room shows of jobs: frozen copies of rows, so that none is used outside its session."""

from dataclasses import dataclass, field, replace
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
class Labels:
    """What the owner may change of a job at any time."""

    priority: int
    tags: list[Any]
    metadata: dict[str, Any]


@dataclass(frozen=True)
class DataUsed:
    """The data set that a job trains on."""

    id: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Times:
    """When what happened."""

    created_at: datetime
    not_before: datetime  #: an attempt that was cut short is tried again then
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class Run:
    """Who trains a job, on what, and with which changes."""

    device: str
    level: int  #: 0 for a job that has trained little, up to 2
    attempt: int
    worker: str | None
    environment: dict[str, Any] | None
    adjustments: list[Any]  #: what was changed unasked, and why


@dataclass(frozen=True)
class BestEpoch:
    """The epoch with the best monitored value so far, and the checkpoint of its weights."""

    epoch: int | None
    value: float | None
    checkpoint: str | None


@dataclass(frozen=True)
class TrainingProgress:
    """How far a job is."""

    epochs_done: int
    reported: dict[str, Any] | None  #: what its trainer said last, with its beat
    best: BestEpoch
    last_checkpoint: str | None
    latest: EpochView | None = None
    spark: list[float] = field(default_factory=list)  #: at most 24 train costs, for a small curve
    resume_from: dict[str, int] | None = None  #: epoch and step, in the answer to a resume


@dataclass(frozen=True)
class Outcome:
    """What came of a job."""

    stop_reason: str | None
    stop_detail: str | None  #: what the user gave as the reason
    error: dict[str, Any] | None
    baseline: dict[str, Any] | None  #: what the same answer for every row comes to
    test: dict[str, Any] | None


@dataclass(frozen=True)
class Origin:
    """Where a job comes from."""

    spec_submitted: dict[str, Any]
    retry_of: str | None
    spec_diff: list[Any] | None  #: how the spec of a retry differs from the old job's
    initialised_from: dict[str, Any] | None


@dataclass(frozen=True)
class JobView:
    """One job as its owner sees it."""

    id: str
    name: str
    state: JobState
    status: str  #: the state, or cancelling and pausing while a stop is requested
    spec: dict[str, Any]
    model_summary: dict[str, Any]
    warnings: list[Any]
    events_seq: int
    labels: Labels
    data: DataUsed
    times: Times
    run: Run
    training: TrainingProgress
    outcome: Outcome
    origin: Origin
    queue: QueuePlace | None = None

    @property
    def place(self) -> Place:
        """What decides where a queued job stands."""
        return Place(self.run.device, self.labels.priority, self.run.level, self.times.created_at, self.id)

    @property
    def done(self) -> bool:
        """Whether the job's state is final."""
        return self.state in FINAL

    def with_latest(self, epoch: EpochView | None) -> "JobView":
        """Return the job with its newest epoch."""
        return replace(self, training=replace(self.training, latest=epoch))

    def resumed(self, place: dict[str, int] | None) -> "JobView":
        """Return the job with the epoch and step that it goes on from."""
        return replace(self, training=replace(self.training, resume_from=place))


@dataclass(frozen=True)
class Page(Generic[T]):
    """A piece of a list and the cursor of the next."""

    items: list[T]
    next: str | None


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
        status=status_of(row.state, row.cancel_requested_at is not None, row.pause_requested_at is not None),
        spec=row.spec,
        model_summary=row.model_summary,
        warnings=row.warnings,
        events_seq=row.events_seq,
        labels=Labels(row.priority, row.tags, row.metadata_),
        data=DataUsed(row.dataset_id, dataset_name, row.dataset_sha256),
        times=Times(row.created_at, row.not_before, row.started_at, row.finished_at),
        run=Run(row.device, row.level, row.attempt, row.worker, row.environment, row.adjustments),
        training=TrainingProgress(
            epochs_done=row.epochs_done,
            reported=row.progress,
            best=BestEpoch(row.best_epoch, row.best_value, row.best_checkpoint),
            last_checkpoint=row.last_checkpoint,
            spark=spark or [],
        ),
        outcome=Outcome(row.stop_reason, row.stop_detail, explained(row.error, row.spec), row.baseline, row.test),
        origin=Origin(row.spec_submitted, row.retry_of, row.spec_diff, row.initialised_from),
    )
