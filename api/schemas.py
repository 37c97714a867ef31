"""The bodies of answers, as models: OpenAPI is made from them."""

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from api.result_schemas import Adjustment, Baseline, Estimate

T = TypeVar("T")


class Answer(BaseModel):
    """What every answer is."""


class List(Answer, Generic[T]):
    """A page of a list."""

    object: str = "list"
    url: str
    data: list[T]
    has_more: bool
    next: str | None = None
    """The address of the next page."""


class Epoch(Answer):
    """The newest epoch, flat: its costs and metrics."""

    model_config = {"extra": "allow"}

    epoch: int
    train_cost: float | None
    lr: float


class Best(Answer):
    """The best epoch so far and the checkpoint that holds its weights."""

    epoch: int
    metric: str
    value: float
    checkpoint: str | None = None


class Progress(Answer):
    """How far training has got."""

    phase: str
    message: str
    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int
    fraction: float
    eta_seconds: float | None
    rows_per_second: float | None
    epochs_since_best: int | None


class Queue(Answer):
    """Where a queued job waits."""

    name: str
    position: int
    ahead: int
    workers_online: int
    reason: dict[str, str]
    """Why it waits: a code (`storage_full`, `queue_paused`, `no_worker`, `workers_drained`, `next_try`,
    `worker_stuck`, `owner_limit`, `slots_busy`, `starting`) and a sentence."""


class Warning(Answer):
    """Something worth knowing that is not an error."""

    model_config = {"extra": "allow"}

    code: str
    message: str


class JobBrief(Answer):
    """A job in a list."""

    id: str
    object: str = "job"
    name: str
    status: str
    done: bool
    created_at: datetime
    duration_seconds: float | None
    model: str
    dataset: dict[str, str]
    progress: Progress | None
    best: Best | None
    stop_reason: str | None
    tags: list[str]
    spark: list[float]


class Job(Answer):
    """A job in full."""

    id: str
    object: str = "job"
    name: str
    status: str
    done: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    queue: Queue | None
    progress: Progress | None
    latest: Epoch | None
    best: Best | None
    baseline: Baseline | None
    """The cost of the same answer for every row; null before training starts, and for a plug-in's data."""
    test: dict[str, Any] | None
    """The best epoch's cost and metrics on the test rows, measured once at the end."""
    initialised_from: dict[str, Any] | None
    """The checkpoint of another job that this one started from."""
    error: dict[str, Any] | None
    stop_reason: str | None
    attempt: int
    worker: dict[str, Any] | None
    retry_of: str | None = None
    resume_from: dict[str, int] | None = None
    """Epoch and step at which a resumed job continues."""
    spec_diff: list[dict[str, Any]] | None = None
    """For a retry: what differs from the old job's spec."""
    seed: int
    priority: int
    spec: dict[str, Any]
    spec_submitted: dict[str, Any] | None = None
    model_summary: dict[str, Any]
    estimate: Estimate | None = None
    """null: it was submitted to a release that made none."""
    environment: dict[str, Any] | None
    warnings: list[Warning]
    adjustments: list[Adjustment]
    tags: list[str]
    metadata: dict[str, Any]
    urls: dict[str, str]


class Jobs(List[JobBrief]):
    """A page of jobs and how many there are in each state."""

    counts: dict[str, int]


class Outcome(Answer):
    """The outcome for one of the jobs."""

    id: str
    status: str | None
    """null: there is no such job."""
    done: bool | None
    error: dict[str, Any] | None = None
    """Why it did not change: `type`, `code` and `detail` of the problem."""


class Outcomes(Answer):
    """The outcome for each job."""

    object: str = "job.outcomes"
    data: list[Outcome]
    has_more: bool
    """Whether the same request would find more."""


class JobValidation(Answer):
    """What a submit would store."""

    object: str = "job.validation"
    valid: bool = True
    spec: dict[str, Any]
    model_summary: dict[str, Any]
    estimate: Estimate
    warnings: list[Warning]


class Metrics(Answer):
    """The epochs by columns. A cost that is not finite is the string NaN; one that was not measured is null."""

    object: str = "job.metrics"
    job: str
    columns: list[str]
    data: list[list[Any]]
    units: dict[str, str]
    best: Best | None
    downsampled: bool
    next_after_epoch: int


class Batches(Answer):
    """The cost of every batch of one epoch."""

    object: str = "job.batches"
    job: str
    epoch: int
    columns: list[str]
    data: list[list[Any]]


class Event(Answer):
    """Something that happened to a job."""

    seq: int
    type: str
    level: str
    message: str
    data: dict[str, Any]
    created_at: datetime


class Checkpoint(Answer):
    """Stored weights of one moment."""

    id: str
    object: str = "checkpoint"
    job: str
    epoch: int
    step: int
    is_best: bool
    is_last: bool
    metrics: dict[str, Any]
    size_bytes: int
    sha256: str
    created_at: datetime


class DatasetBrief(Answer):
    """A data set in a list."""

    id: str
    object: str = "dataset"
    name: str
    format: str
    size_bytes: int
    sha256: str
    rows: int
    created_at: datetime
    dialect: dict[str, Any] | None
    suggested_target: str | None
    warnings: list[Warning]


class Dataset(DatasetBrief):
    """A data set and its columns."""

    columns: list[dict[str, Any]]


class Rows(Answer):
    """Rows of a data set."""

    columns: list[str]
    data: list[list[Any]]
    rows: int


class Ready(Answer):
    """Whether everything a request needs answers."""

    status: str
    checks: dict[str, dict[str, Any]] | None = None
    """Each part, for whoever may administer; left out for others."""
    workers_online: int


class Problem(Answer):
    """RFC 9457: what went wrong and what to do."""

    model_config = {"extra": "allow"}

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str | None
    retryable: bool
