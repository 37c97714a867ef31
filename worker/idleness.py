"""Decides whether a worker does nothing although jobs wait for it: known to happen after lost connections to Redis, and
to supervisors that hang.
"""

import time
from collections.abc import Callable


class Idleness:
    """Remembers since when a worker with a free slot has heard nothing, or has heard nudges and claimed nothing."""

    def __init__(self, deaf_s: float, stuck_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.deaf_s = deaf_s
        self.stuck_s = stuck_s
        self.clock = clock
        self.silent_since = self.unclaimed_since = clock()
        self.heard = False  #: whether a nudge came since then

    def note(self, *, heard: bool, claimed: bool, busy: bool, nudges: int) -> None:
        """Note what came since the last look, whether all slots are busy now, and how many nudges wait."""
        if heard or busy or not nudges:
            self.silent_since = self.clock()
        if claimed or busy:
            self.unclaimed_since, self.heard = self.clock(), False
        self.heard = self.heard or heard

    def fault(self, waiting: Callable[[float], bool]) -> str | None:
        """Return `deaf`, `stuck` or None. `waiting(seconds)` says whether a job could have started for so long."""
        if self.clock() - self.silent_since > self.deaf_s:
            return "deaf"
        is_stuck = self.heard and self.clock() - self.unclaimed_since > self.stuck_s
        return "stuck" if is_stuck and waiting(self.stuck_s) else None
