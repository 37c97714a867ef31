"""From SIGTERM to the end of this process: proxies turn to others, nothing new comes in, what runs is answered."""

import asyncio
import signal

from api.watcher import Watcher


class Shutdown:
    """Whether this process is to end, and the steps that lead there."""

    def __init__(self, watcher: Watcher, drain_s: float) -> None:
        self.watcher = watcher
        self.drain_s = drain_s
        self.begun = False

    def listen(self) -> None:
        """Hear SIGTERM from now on. On the event loop, once the server has set up its own handlers."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.begin)

    def begin(self) -> None:
        """Say that this process is not ready any more, and go on for a while, so that those in front notice in time.

        Who asks again does not want to wait.
        """
        if self.begun:
            self._end()
        self.begun = True
        asyncio.get_running_loop().call_later(self.drain_s, self._end)

    def _end(self) -> None:
        if self.watcher.closed:
            return
        # Whoever waits comes back to another process; whoever is answered is not cut off.
        self.watcher.close()
        # The server's handler of SIGINT is still its own: it takes no more connections, and ends after its last answer.
        signal.raise_signal(signal.SIGINT)
