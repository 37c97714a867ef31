"""What is known of the change counters: one thread of a process reads them, everybody compares."""

import threading
from typing import TYPE_CHECKING

from services.errors import NotReady
from services.outage import Outage

if TYPE_CHECKING:
    from services.predictions.source import Source

Seen = tuple[tuple[int, int], ...]  #: counters by slot, as they were before something was looked up


class Freshness:
    """The counters as they were read last. While the database does not answer, they stay what they were."""

    def __init__(self, source: "Source", interval_s: float) -> None:
        self.source = source
        self.interval_s = interval_s
        self.counts: list[int] = []

    def poll(self) -> None:
        """Read the counters.

        Raises: NotReady.
        """
        self.counts = self.source.counters()

    def run(self, closed: threading.Event) -> None:
        """Read the counters again and again until `closed` is set."""
        outage = Outage("checking for changed models")
        while not closed.wait(self.interval_s):
            try:
                self.poll()
            except NotReady as error:
                outage.began(error.detail)
            else:
                outage.ended()

    def is_current(self, seen: Seen) -> bool:
        """Return whether none of these counters was raised since."""
        counts = self.counts
        return all(counts[slot] == n for slot, n in seen)
