"""What the room shows of jobs: frozen copies of rows, so that none is used outside its session."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from services.jobs.waiting import Reason
from services.specs.columns import TableInfo
from services.specs.job import JobSpec
from services.states import FINAL, JobState, shown

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
class CheckpointView:
    """Stored weights of one moment, without the bytes."""

    id: str
    job_id: str
    kind: str
    epoch: int
    step: int
    is_best: bool
    is_last: bool
    metrics: dict[str, Any]
    size_bytes: int
    sha256: str
    created_at: datetime


@dataclass(frozen=True)
class QueuePlace:
    """Where a queued job waits. Places are counted up to 1,000."""

    position: int
    workers_online: int
    reason: Reason  #: why it waits


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


@dataclass(frozen=True)
class Claim:
    """A job that a worker took, and the attempt that fences its writes."""

    job_id: str
    attempt: int
    served_s: float = 0.0  #: how long it has trained, all attempts together


@dataclass(frozen=True)
class Wishes:
    """What a user wished of a running job."""

    cancel: bool
    pause: bool


@dataclass(frozen=True)
class Work:
    """What a trainer needs to go on with a claimed job."""

    job_id: str
    attempt: int
    spec: JobSpec
    info: TableInfo
    dataset_sha256: str
    epochs_done: int
    served_s: float
    micro_batch_size: int | None  #: since it ran out of memory
    last: bytes | None  #: the content of the newest whole `last` checkpoint
    init: bytes | None  #: the weights that a job without one starts from
    kept: dict[int, tuple[str, float | None]]  #: by epoch the weights that are stored: id and monitored value
    last_epoch: int  #: the epoch of `last`; below `epochs_done` only when the newest one was damaged


def status_of(state: str, cancel_wished: bool, pause_wished: bool) -> str:
    """Return what a user sees of a job's state."""
    return shown(JobState(state), cancel_wished=cancel_wished, pause_wished=pause_wished)
