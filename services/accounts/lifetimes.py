"""How long a key opens, as people write it: 90d, 12h, 30m."""

import re
from datetime import timedelta

from services.errors import Fault, InvalidRequest

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST_DAYS = 36_500


def lifetime(text: str, pointer: str = "#/expires") -> timedelta:
    """Return how long `90d` is.

    Raises: InvalidRequest.
    """
    found = re.fullmatch(r"([1-9]\d{0,6})([mhdw])", text.strip())
    said = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
    if said is None or said > timedelta(days=MOST_DAYS):
        detail = f"is {text[:20]!r}; must be a number with m, h, d or w, at most {MOST_DAYS}d"
        raise InvalidRequest([Fault(pointer, "invalid", detail, hint="90d for ninety days")])
    return said
