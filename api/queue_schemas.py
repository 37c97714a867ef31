"""The bodies of answers about the queue and the workers, as models."""

from datetime import datetime
from typing import Any

from api.schemas import Answer


class Expected(Answer):
    """Seconds from now, learnt from finished jobs: the likely value, and bounds for four out of five jobs."""

    seconds: float
    low: float
    high: float | None
    """null: unknown."""


class QueuedJob(Answer):
    """One of your jobs that is running or waiting."""

    id: str
    name: str
    queue: str
    status: str
    priority: int
    position: int | None
    """Position among your jobs, 1 for the next; null: it is running."""
    reason: dict[str, str] | None
    """Why it waits: a code (`storage_full`, `queue_paused`, `no_worker`, `workers_drained`, `next_try`,
    `worker_stuck`, `owner_limit`, `slots_busy`, `starting`) and a sentence."""
    expected_start: Expected | None
    """null: it is running, or nothing similar has been trained here."""
    expected_finish: Expected | None


class DeviceQueue(Answer):
    """What is waiting for one kind of device, for all owners."""

    name: str
    queued: int
    running: int
    slots: int
    oldest_wait_seconds: float | None
    expected_start_seconds: float | None
    """When a job would start if you submitted it now."""
    workers_online: int


class Worker(Answer):
    """A worker that showed signs of life recently."""

    id: str
    object: str = "worker"
    queues: list[str]
    device: str
    slots: int
    busy_slots: int
    status: str
    """`idle`, `busy`; `draining` (finishes what it runs, takes nothing more), `drained`;
    `stuck` (claims nothing) or `deaf` (receives nothing): it is about to be restarted."""
    jobs: list[str]
    """Your jobs that it is training."""
    done: int
    """Jobs of all owners that succeeded there since it started."""
    failed: int
    """Jobs of all owners that failed there since it started; those that were cancelled count nowhere."""
    versions: dict[str, Any]
    memory_bytes: int | None
    """The most that one job may take there, the trainer's own 350 MB included; null: no limit is known."""
    started_at: datetime
    heartbeat_age_seconds: float


class Queues(Answer):
    """What is waiting and running, and the workers."""

    object: str = "queue"
    paused: bool
    """Whether no waiting job is started until the queue is resumed."""
    paused_at: datetime | None
    queues: list[DeviceQueue]
    jobs: list[QueuedJob]
    """Running ones first, then in the order in which they will start; at most 100 waiting ones per device."""
    workers: list[Worker]
