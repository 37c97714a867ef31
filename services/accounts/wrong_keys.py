"""How many wrong keys an address may try. It slows nobody down who has a right one."""

import ipaddress
import threading
import time
from collections import OrderedDict, deque

WINDOW_S = 60.0
ADDRESSES = 4_096  #: that are remembered; who was silent for longest is forgotten first
V6_PREFIX = 64  #: bits of an IPv6 address that one customer of a network has


class WrongKeys:
    """Counts wrong keys by address over the last minute."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lock = threading.Lock()
        self.tries: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Count a wrong key; return after how many seconds the next may be tried, 0 while there are tries left."""
        place, now = _place(address), time.monotonic()
        with self.lock:
            tries = self.tries.setdefault(place, deque(maxlen=self.most + 1))
            self.tries.move_to_end(place)
            if len(self.tries) > ADDRESSES:
                self.tries.popitem(last=False)
            while tries and now - tries[0] >= WINDOW_S:
                tries.popleft()
            if len(tries) >= self.most:
                return max(1.0, WINDOW_S - (now - tries[0]))
            tries.append(now)
            return 0.0


def _place(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known, V6_PREFIX), strict=False))
