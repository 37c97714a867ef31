"""The bodies of answers about the queue and the workers, as models."""

from datetime import datetime
from typing import Any

from api.schemas import Answer


class Expected(Answer):
    """Seconds from now, learnt from what finished jobs took: what is likely, and bounds for four of five jobs."""

    seconds: float
    low: float
    high: float | None
    """null: not known."""


class QueuedJob(Answer):
    """One of your jobs that runs or waits."""

    id: str
    name: str
    queue: str
    status: str
    priority: int
    position: int | None
    """Among your jobs, 1 for the next; null: it is running."""
    reason: dict[str, str] | None
    """Why it waits: a code (`storage_full`, `no_worker`, `next_try`, `worker_stuck`, `slots_busy`,
    `starting`) and a sentence."""
    expected_start: Expected | None
    """null: it is running, or nothing like it was ever trained here."""
    expected_finish: Expected | None


class DeviceQueue(Answer):
    """What waits for one kind of device, of all owners."""

    name: str
    queued: int
    running: int
    slots: int
    oldest_wait_seconds: float | None
    expected_start_seconds: float | None
    """When a job would start that you submit now."""
    workers_online: int


class Worker(Answer):
    """A worker that showed signs of life lately."""

    id: str
    object: str = "worker"
    queues: list[str]
    device: str
    slots: int
    busy_slots: int
    status: str
    """`idle`, `busy`; `stuck` (claims nothing) and `deaf` (hears nothing): it is ending, to be started again."""
    jobs: list[str]
    """Your jobs that it trains."""
    versions: dict[str, Any]
    memory_bytes: int | None
    """The most that one job may take there, the trainer's own 350 MB included; null: no limit is known."""
    started_at: datetime
    heartbeat_age_seconds: float


class Queues(Answer):
    """What waits and runs, and who works on it."""

    object: str = "queue"
    queues: list[DeviceQueue]
    jobs: list[QueuedJob]
    """Running first, then in the order in which they are served; of each device at most 100 that wait."""
    workers: list[Worker]
