"""How a trainer ended: the codes that it and its supervisor agree on."""

from dataclasses import dataclass

DONE = 0  #: the final row is written
USER_FAULT = 64  #: a fault of data or training, written by the trainer
BUG = 70
MEMORY = 71
GPU_MEMORY = 72
FENCED = 75  #: another attempt owns the job
DRAINED, PAUSED, CANCELLED, YIELDED = 76, 77, 78, 79  #: the checkpoint is written, the supervisor writes the state

#: The exit of each wish.
OF_WISH = {"drain": DRAINED, "pause": PAUSED, "cancel": CANCELLED, "yield": YIELDED}


@dataclass(frozen=True)
class Ended:
    """A trainer's end: its exit code, or the signal that killed it."""

    code: int = 0
    signal: int = 0
