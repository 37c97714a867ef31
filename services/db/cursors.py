"""Opaque places in a list: the sort value and the id of the last row that was shown."""

import base64
import json
from datetime import datetime
from typing import Any

from services.errors import Fault, InvalidRequest


def write(*values: Any) -> str:
    """Return a cursor for the values of a row."""
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def read(cursor: str, length: int) -> list[Any]:
    """Return the values of a cursor that `write` gave.

    Raises: InvalidRequest when it is none of ours.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != length or not all(isinstance(v, str | float) for v in values):
        raise _bad()
    return values


def time(value: Any) -> datetime:
    """Return the time of a cursor.

    Raises: InvalidRequest when it is none.
    """
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise _bad() from None


def number(value: Any) -> float:
    """Return the number of a cursor.

    Raises: InvalidRequest when it is none.
    """
    if not isinstance(value, float):
        raise _bad()
    return value


def _bad() -> InvalidRequest:
    detail = "is not a cursor of this list; use `next` of the previous page"
    return InvalidRequest([Fault("#/query/after", "bad_cursor", detail)])
