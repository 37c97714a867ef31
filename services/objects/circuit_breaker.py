"""Keeps requests from waiting for a bucket that hangs: after a few that did, the others fail at once."""

import threading
import time
from collections.abc import Callable

LATE_S = 1.0  #: what fails sooner costs nobody anything
MOST = 3  #: late failures in a row until nobody waits any more
PAUSE_S = 5.0  #: then one request in so long a time finds out whether it answers again


class CircuitBreaker:
    """Whether something may be asked. Several threads use one."""

    def __init__(self, late_s: float = LATE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.late_s = late_s
        self.clock = clock
        self.lock = threading.Lock()
        self.late = 0  #: failures in a row
        self.next_at = 0.0

    def may_ask(self) -> bool:
        """Return whether to ask; of those who come after a pause only the first is to find out."""
        with self.lock:
            if self.late < MOST:
                return True
            if self.clock() < self.next_at:
                return False
            self.next_at = self.clock() + PAUSE_S
            return True

    def answered(self) -> None:
        """Note that there was an answer, whatever it said."""
        with self.lock:
            self.late = 0

    def failed(self, began: float) -> None:
        """Note that there was none to what was asked at this time."""
        with self.lock:
            if self.clock() - began >= self.late_s:
                self.late += 1
                self.next_at = self.clock() + PAUSE_S
