"""Where a value of a column lies on the circle of SHA-256, by which a split by hash shares rows out."""

import hashlib
import math

from services.columns import Column
from services.specs.schema.data import HashSplit


def share_of(cell: float, column: Column) -> float:
    """Return the place of a cell's value on the circle, 0 to 1: the same in a table with more rows."""
    return int.from_bytes(hashlib.sha256(_name(cell, column).encode()).digest()[:8]) / 2**64


def counted(split: HashSplit, column: Column) -> tuple[int, int, int] | None:
    """Return the numbers of training, validation and test rows; None where the values were not counted."""
    if column.values is None or column.counts is None:
        return None
    train = validation = test = 0
    for n, (value, count) in enumerate(zip(column.values, column.counts, strict=True)):
        share = share_of(float(n if column.coded else value), column)
        if share < split.validation:
            validation += count
        elif share < split.validation + (split.test or 0.0):
            test += count
        else:
            train += count
    return train, validation, test


def _name(cell: float, column: Column) -> str:
    """Return a cell as a text that is the same in a table with more rows; of a time its day, which stays together."""
    if math.isnan(cell):
        return "nan"  # missing values stay together
    if column.type == "datetime":
        return str(math.floor((column.origin or 0.0) + cell))
    return str((column.values or [])[int(cell)]) if column.coded else repr(cell)
