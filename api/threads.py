"""The threads that answer requests: made when all others are busy, so that a waiting one is never in another's way."""

import queue
import threading
from collections.abc import Callable


class Threads:
    """Runs calls, each in a thread of its own; idle threads are taken first and end after a while."""

    def __init__(self, most: int, idle_s: float = 30.0) -> None:
        self.most = most
        self.idle_s = idle_s
        self.calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.count = 0
        self.idle = 0  #: threads that wait for a call, less the calls that are on their way to them
        self.wanted = threading.Semaphore(0)  #: released once for each thread to be started
        threading.Thread(target=self._start, daemon=True, name="thread starter").start()

    def run(self, call: Callable[[], None]) -> None:
        """Run a call soon. Beyond `most` at once it waits for the end of another."""
        with self.lock:
            self.idle -= 1
            starts = self.idle < 0 and self.count < self.most
            if starts:
                self.count += 1
                self.idle += 1
        self.calls.put(call)
        if starts:
            self.wanted.release()

    def _start(self) -> None:
        # Starting a thread waits until it runs; the event loop, which calls `run`, has no time for that.
        while self.wanted.acquire():
            # Daemons: one that waits for a client never keeps the process from ending.
            threading.Thread(target=self._work, daemon=True, name="request").start()

    def _work(self) -> None:
        while True:
            try:
                call = self.calls.get(timeout=self.idle_s)
            except queue.Empty:
                with self.lock:
                    if self.idle <= 0:
                        continue  # a call was promised to an idle thread just now
                    self.idle -= 1
                    self.count -= 1
                    return
            call()
            with self.lock:
                self.idle += 1
