"""How long a key opens, as people write it: 90d, 12h, 30m."""

import re
from datetime import timedelta

from services.errors import Fault, InvalidRequest

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST_DAYS = 36_500
#: As texts of digits the most of each unit that come to so many days; the OpenAPI document has the same expression.
LIFETIME = (
    r"^([1-9]\d{0,6}m"
    r"|([1-9]\d{0,4}|[1-7]\d{5}|8[0-6]\d{4}|87[0-5]\d{3}|876000)h"
    r"|([1-9]\d{0,3}|[12]\d{4}|3[0-5]\d{3}|36[0-4]\d{2}|36500)d"
    r"|([1-9]\d{0,2}|[1-4]\d{3}|5[01]\d{2}|520\d|521[0-4])w)$"
)


def lifetime(text: str, pointer: str = "#/expires") -> timedelta:
    """Return how long `90d` is.

    Raises: InvalidRequest.
    """
    if not re.fullmatch(LIFETIME, text, re.ASCII):
        detail = f"is {text[:20]!r}; must be a number with m, h, d or w, at most {MOST_DAYS}d"
        raise InvalidRequest([Fault(pointer, "invalid", detail, hint="90d for ninety days")])
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})
