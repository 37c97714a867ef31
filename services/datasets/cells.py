"""What a stored cell stands for: the number, text, boolean or date that was uploaded."""

from typing import Any

from services.columns import Column
from services.dates import text_of


def value_of(cell: float, column: Column) -> Any:
    """Return what a cell of a column stands for."""
    if column.type == "datetime":
        return text_of(cell, column)
    return column.values[int(cell)] if column.coded and column.values else _tidy(cell, column.whole)


def _tidy(cell: float, whole: bool) -> float | int:
    # The nine digits that tell one float32 from the next, not the seventeen of its float64 twin.
    return int(cell) if whole and abs(cell) < 2**63 else float(f"{cell:.9g}")
