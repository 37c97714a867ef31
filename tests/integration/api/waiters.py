"""Requests that wait, and what happens as soon as one does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from tests.hold import until


@contextmanager
def meanwhile(app: Flask, does: Callable[[], Any]) -> Iterator[None]:
    """Do something in another thread once a request waits for a job."""
    watcher = app.extensions["batchyard.watcher"]

    def do() -> None:
        until(lambda: watcher.awaited)
        does()

    other = threading.Thread(target=do)
    other.start()
    try:
        yield
    finally:
        other.join()
