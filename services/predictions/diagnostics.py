"""What is odd about the rows of a prediction: values that are missing, new, or outside of what training has seen."""

from typing import Any

import numpy as np

from services.predictions.decoder import is_unseen
from services.training.input.preprocessing import Preprocessing

MOST = 1_000  #: values that are described; beyond, they are counted


def diagnostics_of(cells: np.ndarray, preprocessing: Preprocessing, extra: list[str]) -> dict[str, Any]:
    """Return every odd value with its row and column. Shapes: cells (rows, features) float32, as decoded.

    `distance` says how far outside: in widths of the range that training has seen.
    """
    found: list[dict[str, Any]] = []
    total = 0
    columns = [] if preprocessing.inputs[0].shape is not None else preprocessing.inputs
    for n, column in enumerate(columns):
        values = cells[:, n]
        missing = np.isnan(values)
        kinds: list[tuple[str, np.ndarray]] = [("missing", missing), ("unseen_category", is_unseen(values, column))]
        if column.low is not None and column.high is not None:
            outside = ~missing & ((values < np.float32(column.low)) | (values > np.float32(column.high)))
            kinds.append(("outside_range", outside))
        for kind, where in kinds:
            rows = np.flatnonzero(where)
            total += len(rows)
            for row in rows[: MOST - len(found)].tolist():
                entry: dict[str, Any] = {"row": row, "column": column.name, "kind": kind}
                if kind == "outside_range":
                    entry |= _how_far(float(values[row]), float(column.low or 0), float(column.high or 0))
                found.append(entry)
    found.sort(key=lambda entry: entry["row"])
    return {"values": found, "total": total, "extra_columns": extra}


def _how_far(value: float, low: float, high: float) -> dict[str, Any]:
    beyond = low - value if value < low else value - high
    return {"value": value, "low": low, "high": high, "distance": beyond / (high - low) if high > low else None}
