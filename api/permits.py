"""Permits: how many threads work at once, however many wait. A crowd that wakes together is in nobody's way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_own = threading.local()


class Permits:
    """So many threads may work at once; the others queue for their turn."""

    def __init__(self, most: int) -> None:
        self.free = threading.Semaphore(most)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Work in a turn, which `aside` gives to others for a while."""
        with self.free:
            _own.permits = self
            try:
                yield
            finally:
                _own.permits = None


@contextmanager
def aside() -> Iterator[None]:
    """Wait for something without keeping others from their turn."""
    permits: Permits | None = getattr(_own, "permits", None)
    if permits is None:
        yield
        return
    permits.free.release()
    try:
        yield
    finally:
        permits.free.acquire()
