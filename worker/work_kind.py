"""The kinds of work that a supervisor claims: jobs and batch predictions, each with what is written of its attempts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from services.attempts.crash import Crash
from services.attempts.usage import Sample
from services.attempts.work import StopRequests
from services.queue.claims import Claim


class Kind(StrEnum):
    """What a claim is of; its name in a message to the fork server."""

    JOB = "job"
    PREDICTION = "prediction"


class AttemptEnds(Protocol):
    """The worker's side of one kind: its beats, and the ends that a trainer could not write itself."""

    def beat(self, claim: Claim, progress: dict[str, Any] | None, /) -> StopRequests | None: ...

    def stop_requests(self, claim: Claim, /) -> StopRequests | None: ...

    def drained(self, claim: Claim, /) -> None: ...

    def yielded(self, claim: Claim, /) -> None: ...

    def stopped(self, claim: Claim, /) -> None: ...

    def crashed(self, claim: Claim, crash: Crash, /, *, charged: bool = True, final: bool = False) -> None: ...

    def out_of_memory(self, claim: Claim, crash: Crash, /, *, in_step: bool) -> None: ...


def no_usage(_claim: Claim, _samples: Sequence[tuple[float, Sample]], /) -> None:
    """Keep nothing: nobody looks at what a batch prediction takes."""


@dataclass(frozen=True)
class WorkKind:
    """How work of one kind is claimed and recorded, and when its turn is over."""

    kind: Kind
    claim: Callable[[str, str], Claim | None]  #: for a device and a worker
    lifecycle: AttemptEnds
    is_turn_over: Callable[[Claim, float], bool]  #: so many seconds after the claim
    keep_usage: Callable[[Claim, Sequence[tuple[float, Sample]]], None]  #: with how many seconds ago each was taken
