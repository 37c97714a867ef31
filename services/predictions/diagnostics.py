"""What is odd about the rows of a prediction: values that are missing, new, or outside of what training has seen."""

from typing import Any

import numpy as np

from services.predictions.decoder import is_unseen
from services.training.input.column_inputs import Input
from services.training.input.preprocessing import Preprocessing

MOST = 1_000  #: values that are described; beyond, they are counted
KINDS = ("missing", "unseen_category", "outside_range")


def diagnostics_of(cells: np.ndarray, preprocessing: Preprocessing, extra: list[str]) -> dict[str, Any]:
    """Return the odd values by row and column. Shapes: cells (rows, features) float32, as decoded.

    `distance` says how far outside: in widths of the range that training has seen.
    """
    columns = preprocessing.inputs
    if columns[0].shape is not None:
        return {"values": [], "total": 0, "extra_columns": extra}
    odd = _odd(cells, preprocessing)
    at = np.flatnonzero(odd != 0)  # looked for among booleans: that takes a tenth of the time
    rows, places = np.divmod(at[:MOST], len(columns))
    shown = (rows, places, cells[rows, places], odd[rows, places])
    values = [
        _described(row, columns[n], value, KINDS[kind - 1])
        for row, n, value, kind in zip(*(part.tolist() for part in shown), strict=True)
    ]
    return {"values": values, "total": len(at), "extra_columns": extra}


def _odd(cells: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Return which of KINDS each value is, (rows, features), counted from 1; 0 where there is nothing to say."""
    low, high = preprocessing.ranges
    # Nothing is below or above NaN, so a missing value and a column without a range are not outside.
    odd = 3 * ((cells < low) | (cells > high)).astype(np.int8)
    odd[np.isnan(cells)] = 1
    if not preprocessing.takes_any_number:
        for n, column in enumerate(preprocessing.inputs):
            odd[is_unseen(cells[:, n], column), n] = 2
    return odd


def _described(row: int, column: Input, value: float, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"row": row, "column": column.name, "kind": kind}
    if kind == "outside_range":
        found |= _how_far(value, float(column.low or 0), float(column.high or 0))
    return found


def _how_far(value: float, low: float, high: float) -> dict[str, Any]:
    beyond = low - value if value < low else value - high
    return {"value": value, "low": low, "high": high, "distance": beyond / (high - low) if high > low else None}
