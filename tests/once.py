"""What is computed once for all test processes that run beside each other."""

import fcntl
import os
import pickle
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def once(folders: pytest.TempPathFactory, name: str, compute: Callable[[], T]) -> T:
    """Return what the first process to ask computed; the others wait for it."""
    own = folders.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with open(shared / f"{name}.pickle", "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (stored := file.read()):
            stored = pickle.dumps(compute())
            file.write(stored)
            file.flush()
        found: T = pickle.loads(stored)
        return found
