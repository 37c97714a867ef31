"""Dates and times as days: of a column since its own first day, so that float32 tells minutes apart over decades."""

from datetime import UTC, datetime, timedelta

import numpy as np

from services.columns import Column

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LAST_S = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - EPOCH) // timedelta(seconds=1)  #: the last second there is
PERIODS = (1.0, 7.0, 365.2425)  #: days after which the hour, the weekday and the season come round again


def days_since_epoch(text: str) -> float:
    """Return an ISO 8601 date or time as days since 1970, without a zone taken as UTC.

    Raises: ValueError.
    """
    found = datetime.fromisoformat(text.strip())
    return (found.replace(tzinfo=found.tzinfo or UTC) - EPOCH) / DAY


def text_of(days: float, column: Column) -> str:
    """Return a cell of a column as ISO 8601: a date, or a time as exact as the cell."""
    # 9999-12-31T23:59:59 often stands for "no end", and as float32 it may be rounded up to the year 10000.
    since = min(((column.origin or 0.0) + days) * DAY.total_seconds(), LAST_S)
    if column.whole:
        return (EPOCH + timedelta(seconds=since)).date().isoformat()
    second = 1.0 if np.spacing(np.float32(column.max or 0.0)) * DAY.total_seconds() < 1 else 60.0
    whole = EPOCH + timedelta(seconds=min(round(since / second) * second, LAST_S))
    return whole.isoformat().replace("+00:00", "Z")


def cycles(column: Column) -> list[float]:
    """Return the periods, in days, that a column goes through at least once, and in which its cells differ."""
    if column.type != "datetime" or column.min is None or column.max is None:
        return []
    span = column.max - column.min
    return [period for period in PERIODS if span >= period and not (column.whole and period == PERIODS[0])]
