"""The one Celery task."""

from worker.supervisor import Supervisor

_slot: list[Supervisor] = []  #: this pool child's supervisor, made after the fork


def begin(supervisor: Supervisor) -> None:
    """Give this process its supervisor."""
    _slot[:] = [supervisor]


def work() -> None:
    """Claim and supervise jobs until none is eligible. Safe to deliver twice or never."""
    _slot[0].work_until_nothing_is_left()
