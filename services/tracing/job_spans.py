"""From a job's events to its spans: each stay in the queue, each attempt, and the epochs of the attempts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

#: The events at which a job enters or leaves the queue or a trainer.
TURNS = ("queued", "resumed", "started", "requeued", "paused", "end")
QUEUES = {"queued", "resumed", "requeued"}  #: those after which it waits
#: Up to which epoch a span covers how many: at most 2,800 spans for 100,000 epochs.
WIDTHS = ((1_000, 1), (10_000, 10))
WIDEST = 100

Attributes = dict[str, str | int | float]


@dataclass(frozen=True)
class Turn:
    """An event at which a job entered or left the queue or a trainer."""

    seq: int
    type: str
    at: datetime
    message: str
    attempt: int = 0  #: of `started`
    failed: bool = False  #: it tells of a fault


@dataclass(frozen=True)
class Epoch:
    """An epoch as it was recorded."""

    epoch: int
    attempt: int
    seq: int
    at: datetime  #: when it was stored, soon after its end
    seconds: float
    costs: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class JobSpan:
    """A time in the life of a job."""

    name: str
    key: str  #: which of the job's spans it is; one that is sent again has the same
    parent: str | None  #: the key of the span around it; None: the request's
    began: datetime
    ended: datetime
    attributes: Attributes = field(default_factory=dict)
    fault: str | None = None


@dataclass(frozen=True)
class Stage:
    """A stay in the queue, or an attempt."""

    begin: Turn
    end: Turn | None  #: None: it goes on

    @property
    def key(self) -> str:
        """What tells it from the job's other spans."""
        return str(self.begin.seq)

    def span(self) -> JobSpan:
        """Return its span; it has ended."""
        assert self.end is not None, "a span is sent when it has ended"
        known: Attributes = {"batchyard.begin": self.begin.message, "batchyard.end": self.end.message}
        name = "queue"
        if self.begin.attempt:
            name, known = "attempt", known | {"batchyard.attempt": self.begin.attempt}
        fault = self.end.message if self.begin.attempt and self.end.failed else None
        return JobSpan(name, self.key, None, self.begin.at, self.end.at, known, fault)


def stages(turns: Sequence[Turn]) -> list[Stage]:
    """Return the stages of a job's life; the last may still go on."""
    ends = [*turns[1:], None]
    opened = zip(turns, ends, strict=True)
    return [Stage(begin, end) for begin, end in opened if begin.type in QUEUES or begin.type == "started"]


def spans(turns: Sequence[Turn], epochs: Sequence[Epoch], after: int) -> tuple[list[JobSpan], int | None]:
    """Return the spans that ended after an event, and the event of the first epoch that waits for others of its span.

    `turns` are all of the job, `epochs` those that came after the event.
    """
    life = stages(turns)
    found = [stage.span() for stage in life if stage.end and stage.end.seq > after]
    attempts = {stage.begin.attempt: stage for stage in life if stage.begin.attempt}
    for (attempt, last), block in groupby(_placed(epochs, attempts), lambda it: (it[0].attempt, _last_of_span(it[0]))):
        stage, together = attempts[attempt], list(block)
        if stage.end is None and together[-1][0].epoch < last:
            return found, together[0][0].seq
        found.append(_epoch_span(stage, together))
    return found, None


def _placed(epochs: Sequence[Epoch], attempts: dict[int, Stage]) -> Iterator[tuple[Epoch, datetime, datetime]]:
    """Yield epochs with when they began and ended, in their order.

    What is stored is how long each took, and when it was written, several at a time. So one ended when it was written,
    or when the one after it began if that was earlier.
    """
    placed: list[tuple[Epoch, datetime, datetime]] = []
    for epoch in reversed([epoch for epoch in epochs if epoch.attempt in attempts]):
        ended = epoch.at
        if placed and placed[-1][0].attempt == epoch.attempt:
            ended = min(ended, placed[-1][1])
        # An epoch that an earlier attempt began has that one's seconds, too.
        began = max(attempts[epoch.attempt].begin.at, ended - timedelta(seconds=epoch.seconds))
        placed.append((epoch, min(began, ended), ended))
    return reversed(placed)


def _last_of_span(epoch: Epoch) -> int:
    width = next((width for until, width in WIDTHS if epoch.epoch <= until), WIDEST)
    return -(-epoch.epoch // width) * width


def _epoch_span(stage: Stage, together: Sequence[tuple[Epoch, datetime, datetime]]) -> JobSpan:
    (first, began, _), (last, _, ended) = together[0], together[-1]
    known: Attributes = {f"batchyard.{name}": value for name, value in last.costs.items()}
    known |= {"batchyard.epoch": last.epoch}
    if len(together) > 1:
        known |= {"batchyard.first_epoch": first.epoch}
    name = "epoch" if len(together) == 1 else "epochs"
    return JobSpan(name, f"epoch {first.epoch}", stage.key, began, ended, known)
