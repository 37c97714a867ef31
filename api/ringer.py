"""The thread that rings the workers after a submit, so that no request ever waits for Redis."""

import threading
from collections import Counter

from services.errors import NotReady, StorageFull
from services.outage import Outage
from services.wiring.api import ANY, Api


def start(joined: Api) -> None:
    """Start the ringer. It wakes for each submit; what it misses the dispatcher makes up for within a second."""
    thread = threading.Thread(target=_ring, args=(joined,), daemon=True, name="ringer")
    thread.start()
    joined.threads.append(thread)


def _ring(joined: Api) -> None:
    outage = Outage("sending nudges")
    while True:
        devices = Counter([joined.queued.get()])
        while not joined.queued.empty():
            devices[joined.queued.get()] += 1
        if joined.closed.is_set():
            return
        try:
            if ANY in devices:
                joined.top_up()
            else:
                joined.nudge(devices)
        except (NotReady, StorageFull) as error:
            outage.began(error.detail)  # the dispatcher rings when it can
        else:
            outage.ended()
