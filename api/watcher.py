"""Long polls and streams wait here: one thread asks for news of all awaited jobs, only while somebody waits."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.permits import aside
from services.errors import NotReady, Overloaded
from services.jobs.lookup import JobLookup
from services.outage import Outage

GONE = -1  #: stands for the last event's number of a job that is deleted


class Watcher:
    """Wakes those who wait for a job when its last event's number moves."""

    def __init__(self, lookup: JobLookup, interval_s: float, most: int) -> None:
        self.lookup = lookup
        self.interval_s = interval_s
        self.most = most
        self.taken = 0  #: places
        self.lock = threading.Lock()
        self.changed = threading.Condition()
        self.awaited: Counter[str] = Counter()
        self.seqs: dict[str, int] = {}
        self.watching = False
        self.closed = False  #: nobody waits any more
        self.outage = Outage("reading the changes of jobs")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place to wait in.

        Raises: Overloaded when all are taken.
        """
        self.take()
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> None:
        """Take a place to wait in, which the caller gives back by `give_back()`.

        Raises: Overloaded when all are taken.
        """
        with self.lock:
            if self.taken >= self.most:
                raise Overloaded(f"{self.most} streams and long polls are waiting already.", limit=self.most)
            self.taken += 1

    def give_back(self) -> None:
        """Let somebody else have a place."""
        with self.lock:
            self.taken -= 1

    def wait(self, job_id: str, seq: int, timeout_s: float) -> bool:
        """Wait until a job has an event after `seq`, or is gone; return False when the time was over first."""
        return self.wait_any({job_id: seq}, timeout_s)

    def wait_any(self, known: dict[str, int], timeout_s: float) -> bool:
        """Wait until one of several jobs has an event after the number known of it, as `wait` does for one."""
        deadline = time.monotonic() + timeout_s
        with aside(), self.changed:
            self.awaited.update(known.keys())
            if known and not self.watching:
                self.watching = True
                threading.Thread(target=self._watch, daemon=True).start()
            try:
                while not self._any_moved(known):
                    left = deadline - time.monotonic()
                    if left <= 0 or self.closed or not self.changed.wait(left):
                        return self._any_moved(known)
                return True
            finally:
                for job_id in known:
                    self.awaited[job_id] -= 1
                    if not self.awaited[job_id]:
                        del self.awaited[job_id]
                        self.seqs.pop(job_id, None)

    def close(self) -> None:
        """Let nobody wait any more: those who do go on as if their time were over."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _any_moved(self, known: dict[str, int]) -> bool:
        return any(self._moved(job_id, seq) for job_id, seq in known.items())

    def _moved(self, job_id: str, seq: int) -> bool:
        # Who waits may have read events that the last look did not see yet: an older number is no news.
        now = self.seqs.get(job_id, seq)
        return now > seq or now == GONE

    def _watch(self) -> None:
        while True:
            with self.changed:
                jobs = list(self.awaited)
                if not jobs:
                    self.watching = False
                    return
            try:
                found = self.lookup.seqs(jobs)
            except NotReady as error:
                self.outage.began(error.detail)
                found = None
            else:
                self.outage.ended()
            if found is not None:
                with self.changed:
                    # A job that is gone moves to GONE, which is news as well.
                    news = {job_id: found.get(job_id, GONE) for job_id in jobs if job_id in self.awaited}
                    # Hundreds may wait, so nobody is woken for nothing.
                    moved = any(self.seqs.get(job_id) != seq for job_id, seq in news.items())
                    self.seqs.update(news)
                    if moved:
                        self.changed.notify_all()
            time.sleep(self.interval_s)
