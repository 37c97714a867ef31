"""How a trainer ended: the codes that it and its supervisor agree on, and what the supervisor saw."""

from dataclasses import dataclass, field

from worker.stop_request import StopRequest

# Beside these, each stop request has a code of its own.
DONE = 0  #: the final row is written
USER_FAULT = 64  #: a fault of data or training, written by the trainer
BUG = 70
MEMORY = 71
GPU_MEMORY = 72
RANK_LOST = 73  #: of several processes, one that noticed that another is gone
FENCED = 75  #: another attempt owns the job


@dataclass(frozen=True)
class Ended:
    """A trainer's end: its exit code, or the signal that killed it."""

    code: int = 0
    signal: int = 0


@dataclass(frozen=True)
class Outcome:
    """A trainer's end and what its supervisor knows of it."""

    ended: Ended
    verdict: str | None = None  #: why the supervisor ended it: fenced, stalled or time_limit
    request: StopRequest | None = None  #: what was asked of it
    memory: bool = False  #: the kernel ended processes of the worker meanwhile, because memory was short
    lost: bool = False  #: the fork server is gone
    in_step: bool = False  #: it was training, not loading or measuring
    log_tail: list[str] = field(default_factory=list)
