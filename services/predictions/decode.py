"""Rows of a request become the cells that the training's table would hold."""

from typing import Any

import numpy as np

from services.errors import Fault, InvalidRequest
from services.specs.faults import closest, pointer_of, short
from services.specs.predict import Predict
from services.training.preprocessing import Input, Preprocessing

MAX_FLOAT32 = float(np.finfo(np.float32).max)


def cells_of(rows: Predict, preprocessing: Preprocessing) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the feature cells of the rows, and warnings about columns that were left out.

    Shapes: (rows, features) float32, in the order of training.
    Raises: InvalidRequest with every row that has too few or too many values, and every value that is of no use.
    """
    columns = preprocessing.inputs
    if rows.x is not None:
        return _cells([(["x", n], dict(enumerate(row))) for n, row in enumerate(rows.x)], columns, by_name=False), []
    records = rows.records or []
    known = {column.name for column in columns}
    extra = sorted({name for record in records for name in record} - known)
    message = f"left out, the model was not trained on them: {', '.join(extra[:20])}"
    warnings = [{"code": "extra_columns", "message": message, "columns": extra[:100]}] if extra else []
    return _cells([(["records", n], dict(row)) for n, row in enumerate(records)], columns, by_name=True), warnings


def _cells(rows: list[tuple[list[Any], dict[Any, Any]]], columns: list[Input], *, by_name: bool) -> np.ndarray:
    cells = np.zeros((len(rows), len(columns)), dtype=np.float32)
    faults: list[Fault] = []
    codes = [{value: n for n, value in enumerate(column.values or [])} for column in columns]
    for n, (path, row) in enumerate(rows):
        if not by_name and len(row) != len(columns):
            names = [column.name for column in columns]
            detail = f"has {len(row)} values, the model takes {len(columns)}: {', '.join(names[:20])}"
            faults.append(Fault(pointer_of(path), "shape_mismatch", detail))
            continue
        for m, column in enumerate(columns):
            key = column.name if by_name else m
            cell = _cell(row.get(key), key in row, column, codes[m], [*path, key], list(row))
            if isinstance(cell, Fault):
                faults.append(cell)
            else:
                cells[n, m] = cell
    if faults:
        raise InvalidRequest(faults)
    return cells


def _cell(
    value: Any, is_there: bool, column: Input, codes: dict[Any, int], path: list[Any], keys: list[Any]
) -> float | Fault:
    pointer = pointer_of(path)
    if not is_there:
        near = closest(column.name, map(str, keys))
        return Fault(pointer, "missing", f"column {column.name!r} is missing", suggestion=near)
    if value is None:
        return Fault(pointer, "missing_values", f"column {column.name!r} has no value here")
    if column.values is not None:
        # True is 1 to a dictionary, so the kinds are compared as well.
        kind = bool if column.type == "boolean" else str
        if not isinstance(value, kind) or value not in codes:
            allowed = column.values[:50]
            near = closest(value, [v for v in column.values if isinstance(v, str)])
            detail = f"{short(value)!r} was not among the values of {column.name!r} in training"
            return Fault(pointer, "unseen_value", detail, short(value), near, allowed)
        return float(codes[value])
    if isinstance(value, bool | str):
        return Fault(pointer, "wrong_type", f"is {short(value)!r}; {column.name!r} takes a number", short(value))
    if not abs(value) <= MAX_FLOAT32:
        return Fault(pointer, "out_of_range", f"is too large for {column.name!r}", short(value))
    return float(value)
