"""Waiting for a bucket that is away, or for room for a copy of what is in it."""

import time
from collections.abc import Callable
from typing import TypeVar

from services.errors import NotReady, StorageFull
from services.outage import Outage

RETRY_S = 0.5  #: pause before another try
T = TypeVar("T")


def patiently(ask: Callable[[], T], waiting: Callable[[], None] | None, outage: Outage) -> T:
    """Return what `ask` returns, asking again while it can't be had; `waiting` is called before each pause.

    Raises: NotReady and StorageFull at once when nobody waits (None).
    """
    while True:
        try:
            found = ask()
        except (NotReady, StorageFull) as error:
            if waiting is None:
                raise
            outage.began(error.detail)
            waiting()
            time.sleep(RETRY_S)
        else:
            outage.ended()
            return found
