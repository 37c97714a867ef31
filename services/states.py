"""The life of a job: its states and the moves between them."""

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"  #: waiting for a worker
    RUNNING = "running"  #: a worker claimed it and trains it
    PAUSED = "paused"  #: stopped at a batch because a user asked; can go on
    SUCCEEDED = "succeeded"  #: done; its best checkpoint can predict
    FAILED = "failed"  #: gave up; `error` says why
    CANCELLED = "cancelled"  #: stopped because a user asked


MOVES: dict[JobState, set[JobState]] = {
    JobState.QUEUED: {JobState.RUNNING, JobState.CANCELLED},
    JobState.RUNNING: {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.PAUSED,
        JobState.QUEUED,  # its worker vanished or drains: somebody else goes on
    },
    JobState.PAUSED: {JobState.QUEUED, JobState.CANCELLED},
    JobState.SUCCEEDED: set(),
    JobState.FAILED: set(),
    JobState.CANCELLED: set(),
}
FINAL = frozenset(state for state, moves in MOVES.items() if not moves)

#: What a user may ask for while a job shows so. To read it and to change its name or priority is always allowed.
ALLOWED: dict[str, list[str]] = {
    "queued": ["cancel"],
    "running": ["pause", "cancel"],
    "pausing": ["cancel"],
    "cancelling": [],
    "paused": ["resume", "cancel"],
    "succeeded": ["retry", "delete"],
    "failed": ["retry", "delete"],
    "cancelled": ["retry", "delete"],
}


class StopReason(StrEnum):
    """Why a finished job stopped; not a state."""

    COMPLETED = "completed"  #: all epochs done
    EARLY_STOPPING = "early_stopping"  #: patience ran out
    MAX_TIME = "max_time"  #: the job's own `max_time_seconds` was over
    CANCELLED_BY_USER = "cancelled_by_user"
    ERROR = "error"


def sources(target: JobState) -> set[JobState]:
    """Return the states from which a job may move to `target`."""
    return {state for state, moves in MOVES.items() if target in moves}


def shown(state: JobState, *, cancel_requested: bool, pause_requested: bool) -> str:
    """Return the status that a user sees: a stop request on a running job shows as `cancelling` or `pausing`."""
    if state is JobState.RUNNING and cancel_requested:
        return "cancelling"
    if state is JobState.RUNNING and pause_requested:
        return "pausing"
    return str(state)


def status_of(state: str, cancel_requested: bool, pause_requested: bool) -> str:
    """Return what a user sees of a job's state."""
    return shown(JobState(state), cancel_requested=cancel_requested, pause_requested=pause_requested)
