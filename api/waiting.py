"""Long polls and streams wait here: one thread asks for news of all awaited jobs, only while somebody waits."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from services.errors import NotReady
from services.jobs.reading import JobReading

log = structlog.get_logger()


class Watcher:
    """Wakes those who wait for a job when its last event's number moves."""

    def __init__(self, reading: JobReading, interval_s: float, most: int) -> None:
        self.reading = reading
        self.interval_s = interval_s
        self.places = threading.Semaphore(most)  #: so many may wait; the other threads go on answering
        self.changed = threading.Condition()
        self.awaited: Counter[str] = Counter()
        self.seqs: dict[str, int] = {}
        self.watching = False

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Yield whether there was a place to wait in; without one the caller answers at once."""
        taken = self.places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self.places.release()

    def wait(self, job_id: str, seq: int, timeout_s: float) -> bool:
        """Wait until a job has an event after `seq`, or is gone; return False when the time was over first."""
        deadline = time.monotonic() + timeout_s
        with self.changed:
            self.awaited[job_id] += 1
            if not self.watching:
                self.watching = True
                threading.Thread(target=self._watch, daemon=True).start()
            try:
                while self.seqs.get(job_id, seq) == seq:
                    left = deadline - time.monotonic()
                    if left <= 0 or not self.changed.wait(left):
                        return self.seqs.get(job_id, seq) != seq
                return True
            finally:
                self.awaited[job_id] -= 1
                if not self.awaited[job_id]:
                    del self.awaited[job_id]
                    self.seqs.pop(job_id, None)

    def _watch(self) -> None:
        while True:
            with self.changed:
                jobs = list(self.awaited)
                if not jobs:
                    self.watching = False
                    return
            try:
                found = self.reading.seqs(jobs)
            except NotReady as error:
                log.warning("no news of jobs", error=error.detail)
                found = None
            if found is not None:
                with self.changed:
                    # A job that is gone moves to -1, which is news as well.
                    self.seqs.update({job_id: found.get(job_id, -1) for job_id in jobs if job_id in self.awaited})
                    self.changed.notify_all()
            time.sleep(self.interval_s)
