"""What a trainer is given of a claimed job, and what its user asked of it since."""

from dataclasses import dataclass

from services.columns import TableInfo
from services.specs.schema.job import JobSpec


@dataclass(frozen=True)
class StopRequests:
    """Which stops a user has requested of a running job."""

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
    trained_s: float
    micro_batch_size: int | None  #: since it ran out of memory
    last: bytes | None  #: the content of the newest whole `last` checkpoint
    init: bytes | None  #: the weights that a job without one starts from
    kept: dict[int, tuple[str, float | None]]  #: by epoch the weights that are stored: id and monitored value
    last_epoch: int  #: the epoch of `last`; below `epochs_done` only when the newest one was damaged
