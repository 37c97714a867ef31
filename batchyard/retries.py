"""When a request is sent again, and how long to wait before."""

import random
from email.utils import parsedate_to_datetime
from time import time

FIRST_S, LONGEST_S = 0.5, 8.0
LONGEST_ASKED_S = 60.0  #: of what a server may ask for in Retry-After
STATUSES = {429, 502, 503, 504}


def pause_s(attempt: int, retry_after: str | None = None) -> float:
    """Return how long to wait after attempt 0, 1, …: what the server asks for, else twice as long each time."""
    asked = _asked_s(retry_after)
    if asked is not None:
        return min(asked, LONGEST_ASKED_S)
    # Up to a quarter less, so that clients that failed together do not come back together.
    return float(min(FIRST_S * 2**attempt, LONGEST_S) * (1 - random.random() / 4))


def _asked_s(retry_after: str | None) -> float | None:
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except (TypeError, ValueError):
        return None
