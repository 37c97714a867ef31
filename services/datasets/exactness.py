"""Which numbers a float32 table keeps as they are."""

import numpy as np

from services.columns import Column, TableInfo

LAST_WHOLE = 2**24  #: up to here every whole number is a float32
LAST_READ = 2**53  #: and up to here it is read as it is


def told_apart(values: np.ndarray, *, whole: bool) -> bool:
    """Return whether distinct numbers stay distinct as float32, and whole ones exact, so that they may be classes."""
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    return len(np.unique(short)) == len(values) and not (whole and bool(np.any(short.astype(np.float64) != values)))


def inexact(info: TableInfo) -> list[str]:
    """Return the columns of numbers so large that the table may hold them rounded."""
    return [column.name for column in info.columns if _is_inexact(column)]


def _is_inexact(column: Column) -> bool:
    if column.type != "number" or column.min is None or column.max is None:
        return False
    largest = max(-column.min, column.max)
    if column.values is not None and column.whole and largest <= LAST_READ:
        return False  # they were found to be exact
    return largest > LAST_WHOLE


def vanishing(info: TableInfo) -> list[str]:
    """Return the columns of numbers that are all so close to 0 that the table holds 0 in their place."""
    tiny = float(np.finfo(np.float32).tiny)
    return [it.name for it in info.columns if it.type == "number" and 0 < max(-(it.min or 0), it.max or 0) < tiny]
