"""From what a request names to the checkpoint that answers: looked up once, and kept until something of it changes."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from services.predictions.freshness import Freshness, Seen
from services.predictions.target import Target

if TYPE_CHECKING:
    from services.attempts.checkpoints import CheckpointView
    from services.predictions.source import Source

MOST = 20_000  #: answers to "which checkpoint is meant" that are kept


@dataclass(frozen=True)
class Resolution:
    """Which checkpoint answers, and what an answer says about it."""

    owner: str
    target: Target
    job_id: str
    job_name: str
    job_status: str
    metric: str
    chosen: "CheckpointView"
    model: dict[str, Any] | None  #: name, version and alias; None when a job was named
    seen: Seen

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What an answer says of the checkpoint."""
        return {
            "id": self.chosen.id,
            "selector": self.target.checkpoint,
            "epoch": self.chosen.epoch,
            "metric": self.metric,
            "value": self.chosen.metrics.get(self.metric),
        }

    @cached_property
    def members(self) -> bytes:
        """The members of a JSON object that say what answers: the same in every answer."""
        found = {
            "model": self.model,
            "job": self.job_id,
            "job_status": self.job_status,
            "checkpoint": self.checkpoint,
        }
        return orjson.dumps(found)[1:-1]


class Resolutions:
    """The resolutions that are kept, those that were not asked for longest go first."""

    def __init__(self, source: "Source", freshness: Freshness) -> None:
        self.source = source
        self.freshness = freshness
        self.kept: OrderedDict[tuple[str, Target], Resolution] = OrderedDict()
        self.lock = threading.Lock()

    def peek(self, owner: str, target: Target) -> Resolution | None:
        """Return what is known and current, without a look at the database."""
        with self.lock:
            found = self.kept.get((owner, target))
            if found is None:
                return None
            if self.freshness.is_current(found.seen):
                self.kept.move_to_end((owner, target))
                return found
            del self.kept[owner, target]
        return None

    def get(self, owner: str, target: Target) -> Resolution:
        """Return which checkpoint is meant; look it up unless that is known.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint.
        """
        found = self.peek(owner, target)
        if found is not None:
            return found
        if not self.freshness.counts:
            self.freshness.poll()
        # Taken before the look: a change that comes between the two makes the entry old, never new by mistake.
        counts = self.freshness.counts
        found = self.source.resolve(owner, target, counts)
        with self.lock:
            self.kept[owner, target] = found
            if len(self.kept) > MOST:
                self.kept.popitem(last=False)
        return found

    def forget(self, owner: str, target: Target) -> None:
        """Look it up anew next time."""
        with self.lock:
            self.kept.pop((owner, target), None)
