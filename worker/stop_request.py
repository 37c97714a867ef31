"""What a running trainer is asked to stop for: the signal that asks, and the exit code that answers."""

import signal
from enum import StrEnum


class StopRequest(StrEnum):
    """A request to stop at the next batch; `yield` waits for the end of the epoch."""

    DRAIN = "drain"  #: the worker is to end
    PAUSE = "pause"  #: a user asked
    CANCEL = "cancel"  #: a user asked
    YIELD = "yield"  #: a shorter job waits

    @property
    def signal(self) -> signal.Signals:
        """The signal that asks a trainer."""
        return _SIGNALS[self]

    @property
    def exit_code(self) -> int:
        """The code of a trainer that did so: the checkpoint is written, the supervisor writes the state."""
        return _EXIT_CODES[self]


_SIGNALS = {
    StopRequest.DRAIN: signal.SIGTERM,
    StopRequest.PAUSE: signal.SIGUSR1,
    StopRequest.CANCEL: signal.SIGUSR2,
    StopRequest.YIELD: signal.SIGHUP,
}
_EXIT_CODES = {StopRequest.DRAIN: 76, StopRequest.PAUSE: 77, StopRequest.CANCEL: 78, StopRequest.YIELD: 79}
BY_SIGNAL = {number: request for request, number in _SIGNALS.items()}
