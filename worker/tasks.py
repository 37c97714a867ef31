"""The one Celery task."""

import structlog

from worker.supervisor import Supervisor

log = structlog.get_logger()

_slot: list[Supervisor] = []  #: this pool child's supervisor, made after the fork


def begin(supervisor: Supervisor) -> None:
    """Give this process its supervisor."""
    _slot[:] = [supervisor]


def work() -> None:
    """Claim and supervise jobs until none is eligible. Safe to deliver twice or never."""
    try:
        _slot[0].work_until_nothing_is_left()
    except Exception:
        # A MemoryError that left a task would end Celery's main process and every slot. The reaper finds the job.
        log.exception("a supervisor failed")
