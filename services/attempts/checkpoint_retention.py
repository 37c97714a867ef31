"""Which epochs' weights a job keeps: the best, the last, and one every so many."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from services.attempts.checkpoints import WEIGHTS, Draft
from services.specs.schema.checkpoints import Keep


@dataclass(frozen=True)
class Copy:
    """The weights of an epoch, copied when it ended; they become bytes when they are stored."""

    epoch: int
    steps: int
    metrics: dict[str, Any]
    content: Callable[[], bytes]


class CheckpointRetention:
    """The kept ones of the epochs that were seen.

    It depends on which epochs were seen and on nothing else: an epoch that is given up never comes back, so a training
    that is killed between two flushes and goes on keeps the same ones as one that was not.
    """

    def __init__(self, policy: Keep, mode: str, stored: dict[int, tuple[str, float | None]], newest: int) -> None:
        """`stored` are the ids and values of the epochs that earlier attempts kept, `newest` is the last one done."""
        self.policy = policy
        self.sign = -1.0 if mode == "max" else 1.0
        self.newest = newest
        self.values = {epoch: value for epoch, (_, value) in stored.items()}
        self.ids = {epoch: checkpoint_id for epoch, (checkpoint_id, _) in stored.items()}
        self.copies: dict[int, Copy] = {}  #: of the kept epochs that are not stored yet

    def wants(self, epoch: int, value: float | None) -> bool:
        """Take in an epoch and its monitored value; return whether its weights are to be kept and are not stored."""
        self.newest = max(self.newest, epoch)
        self.values[epoch] = value if value is not None and math.isfinite(value) else None
        kept = self._kept()
        self.values = {n: found for n, found in self.values.items() if n in kept}
        self.ids = {n: found for n, found in self.ids.items() if n in kept}
        self.copies = {n: found for n, found in self.copies.items() if n in kept}
        return epoch in kept and epoch not in self.ids

    def drafts(self) -> list[Draft]:
        """Return what is to be stored."""
        found = self.copies.values()
        return [Draft.of(WEIGHTS, copy.epoch, copy.steps, copy.metrics, copy.content()) for copy in found]

    def ids_with(self, drafts: Iterable[Draft]) -> dict[int, str]:
        """Return, by epoch, the ids of all that is kept when these are stored."""
        return self.ids | {draft.epoch: draft.id for draft in drafts if draft.kind == WEIGHTS}

    def stored(self, drafts: Iterable[Draft]) -> None:
        """Take in that these are stored."""
        self.ids, self.copies = self.ids_with(drafts), {}

    def _kept(self) -> set[int]:
        ranked = [(self.sign * value, epoch) for epoch, value in self.values.items() if value is not None]
        kept = {epoch for _, epoch in sorted(ranked)[: self.policy.keep_best]}
        if self.policy.keep_last > 1:  # the very last is kept anyway, with all that is needed to go on
            kept |= {epoch for epoch in self.values if epoch > self.newest - self.policy.keep_last}
        if self.policy.every_epochs:
            kept |= {epoch for epoch in self.values if epoch % self.policy.every_epochs == 0}
        return kept
