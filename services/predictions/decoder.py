"""Rows of a request become the cells that the training's table would hold."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from services.cell_texts import BOOLEANS, MISSING, number_of, text_of_code
from services.datasets.disguised_numbers import plain_text
from services.dates import days_since_epoch
from services.errors import Fault, InvalidRequest
from services.predictions.number_table import stacked, whole_cells
from services.predictions.shapes import MAX_FLOAT32, rows_of
from services.specs.parse.faults import closest, pointer_of, short
from services.specs.schema.predict import Predict
from services.training.input.column_inputs import Input
from services.training.input.preprocessing import Preprocessing

POINT = re.compile(r"(?<=\d)\.0+$")  #: what a table with gaps adds to a whole number: it writes 3 as 3.0
UNSEEN = -1.0  #: the cell of a category that training did not have


def cells_of(rows: Predict, preprocessing: Preprocessing) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the feature cells of the rows, and warnings about columns that were left out.

    Shapes: (rows, features) float32, in the order of training.
    Raises: InvalidRequest with every row that has too few or too many values, and every value that is of no use.
    """
    columns = preprocessing.inputs
    if columns[0].shape is not None:
        return rows_of(rows, columns[0].shape), []
    if rows.x is not None:
        cells = _cells([(["x", n], dict(enumerate(row))) for n, row in enumerate(rows.x)], columns, by_name=False)
        return cells, _unseen(cells, columns) + _filled(cells, columns)
    if rows.columns is not None:
        return cells_of_columns(rows.columns, preprocessing)
    records = rows.records or []
    warnings = _extra({name for record in records for name in record}, columns)
    cells = _cells([(["records", n], dict(row)) for n, row in enumerate(records)], columns, by_name=True)
    return cells, warnings + _unseen(cells, columns) + _filled(cells, columns)


def cells_of_columns(
    given: Mapping[str, Sequence[Any] | np.ndarray], preprocessing: Preprocessing
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the feature cells of named columns, all of one length, and warnings about columns that were left out.

    Shapes: (rows, features) float32, in the order of training.
    Raises: InvalidRequest with every column that is missing, and every value that is of no use.
    """
    columns = preprocessing.inputs
    if columns[0].shape is not None:
        detail = "is for the columns of a table; this model takes the features of a plug-in's items: send x"
        raise InvalidRequest([Fault("#/columns", "invalid", detail)])
    table = stacked(given, preprocessing)
    whole = None if table is None else whole_cells(table, preprocessing)
    if whole is not None:
        return whole, _extra(set(given), columns)
    rows = len(next(iter(given.values())))
    cells = np.zeros((rows, len(columns)), dtype=np.float32)
    faults: list[Fault] = []
    for m, column in enumerate(columns):
        values = given.get(column.name)
        if values is None:
            near = closest(column.name, list(given))
            detail = f"column {column.name!r} is missing"
            faults.append(Fault(pointer_of(["columns", column.name]), "missing", detail, suggestion=near))
            continue
        if isinstance(values, np.ndarray):
            if column.type == "number" and column.kept is None and _are_usable(values, column):
                cells[:, m] = values.astype(np.float64)
                continue
            values = [None if value != value else value for value in values.tolist()]
        codes = _codes(column)
        for n, value in enumerate(values):
            cell = _cell(value, True, column, codes, ["columns", column.name, n], [])
            if isinstance(cell, Fault):
                cell = replace(cell, location={"row": n, "column": column.name})
                faults.append(cell if len(faults) < InvalidRequest.SHOWN else faults[-1])
            else:
                cells[n, m] = cell
    if faults:
        raise InvalidRequest(faults)
    return cells, _extra(set(given), columns) + _unseen(cells, columns) + _filled(cells, columns)


def cells_of_array(given: np.ndarray, preprocessing: Preprocessing) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the feature cells of an array of numbers, (rows, features) or of a plug-in's items (rows, *shape).

    Raises: InvalidRequest when it has another shape, and with every value that is of no use.
    """
    columns = preprocessing.inputs
    shape = tuple(columns[0].shape) if columns[0].shape is not None else (len(columns),)
    if given.shape[1:] != shape:
        detail = f"has the shape {list(given.shape)}; the model takes {['rows', *shape]}".replace("'", "")
        raise InvalidRequest([Fault("#", "shape_mismatch", detail)])
    if columns[0].shape is None:
        whole = whole_cells(given, preprocessing)
        if whole is not None:
            return whole, []
        return cells_of_columns({column.name: given[:, n] for n, column in enumerate(columns)}, preprocessing)
    rows = given.reshape(len(given), -1).astype(np.float64)
    usable = np.abs(rows) <= MAX_FLOAT32  # False where it is not a number
    if not usable.all():
        row, at = (int(n) for n in np.argwhere(~usable)[0])
        detail = f"row {row} has {rows[row, at]} at {at}; must be a finite number"
        raise InvalidRequest([Fault(f"#/rows/{row}", "non_finite_number", detail, location={"row": row})])
    return rows.astype(np.float32), []


def _are_usable(values: np.ndarray, column: Input) -> bool:
    """Return whether every number, (rows,), can be taken as it is; NaN is no value."""
    if values.dtype.kind not in "iuf":
        return False
    there = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if column.fill is None and len(there) < len(values):
        return False
    return bool((np.abs(there.astype(np.float64)) <= MAX_FLOAT32).all())


def _extra(given: set[str], columns: list[Input]) -> list[dict[str, Any]]:
    extra = sorted(given - {column.name for column in columns})
    message = f"left out, the model was not trained on them: {', '.join(extra[:20])}"
    return [{"code": "extra_columns", "message": message, "columns": extra[:100]}] if extra else []


def _unseen(cells: np.ndarray, columns: list[Input]) -> list[dict[str, Any]]:
    names = [column.name for n, column in enumerate(columns) if is_unseen(cells[:, n], column).any()]
    message = f"has values that did not occur in training, treated as unknown: {', '.join(names[:20])}"
    return [{"code": "unseen_category", "message": message, "columns": names[:100]}] if names else []


def is_unseen(cells: np.ndarray, column: Input) -> np.ndarray:
    """Return which cells, (rows,), of a category training did not have: of texts or of numbers."""
    unseen = cells == (UNSEEN if column.type == "category" else math.nan)
    if column.type == "number" and column.kept is not None:
        known = np.asarray(column.values, dtype=np.float32)
        unseen = np.logical_not(np.isin(cells, known) | np.isnan(cells))
    return np.asarray(unseen)


def _filled(cells: np.ndarray, columns: list[Input]) -> list[dict[str, Any]]:
    names = [column.name for n, column in enumerate(columns) if not column.missing and np.isnan(cells[:, n]).any()]
    message = f"has missing values, although training had none; filled in: {', '.join(names[:20])}"
    return [{"code": "missing_filled", "message": message, "columns": names[:100]}] if names else []


def _cells(rows: list[tuple[list[Any], dict[Any, Any]]], columns: list[Input], *, by_name: bool) -> np.ndarray:
    cells = np.zeros((len(rows), len(columns)), dtype=np.float32)
    faults: list[Fault] = []
    codes = [_codes(column) for column in columns]
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
                faults.append(cell if len(faults) < InvalidRequest.SHOWN else faults[-1])
            else:
                cells[n, m] = cell
    if faults:
        raise InvalidRequest(faults)
    return cells


def _codes(column: Input) -> dict[Any, int]:
    """Return the places of a column's values; of categories, by the text that a file has for them."""
    return {str(v) if column.type == "category" else v: n for n, v in enumerate(column.values or [])}


def _read(value: Any, column: Input, codes: dict[Any, int]) -> Any:
    """Return a value as the same cell of a file is read: missing texts, booleans in any spelling, numbers as texts."""
    written = column.written or {}
    missing = ["", *written["na_values"]] if "na_values" in written else MISSING
    if isinstance(value, str) and value.strip() in missing and value not in codes:
        return None
    if column.type == "category" and isinstance(value, int | float) and not isinstance(value, bool):
        return text_of_code(value)
    if column.type == "category" and isinstance(value, str) and value not in codes:
        whole = POINT.sub("", value)
        return whole if whole in codes else value
    if column.type == "boolean":
        if isinstance(value, str):
            return BOOLEANS.get(value, value)
        return bool(value) if value in (0, 1) and value is not None else value
    if column.type == "number" and isinstance(value, str):
        number = number_of(plain_text(value, written) if written else value)
        return value if number is None else number
    return value


def _cell(
    value: Any, is_there: bool, column: Input, codes: dict[Any, int], path: list[Any], keys: list[Any]
) -> float | Fault:
    pointer = pointer_of(path)
    if not is_there:
        near = closest(column.name, map(str, keys))
        return Fault(pointer, "missing", f"column {column.name!r} is missing", suggestion=near)
    value = _read(value, column, codes)
    if value is None and (column.fill is not None or (column.kept is not None and column.unseen == "other")):
        return math.nan
    if value is None:
        return Fault(pointer, "missing_values", f"column {column.name!r} has no value here")
    if isinstance(value, list):
        return Fault(pointer, "wrong_type", f"is a list; column {column.name!r} takes one value")
    if column.values is not None and column.type != "number":
        # True is 1 to a dictionary, so the kinds are compared as well.
        kind = bool if column.type == "boolean" else str
        if isinstance(value, str) and value not in codes and column.type == "category" and column.unseen == "other":
            return UNSEEN
        if not isinstance(value, kind) or value not in codes:
            allowed = column.values[:50]
            near = closest(value, [v for v in column.values if isinstance(v, str)])
            detail = f"{short(value)!r} was not among the values of {column.name!r} in training"
            return Fault(pointer, "unseen_value", detail, short(value), near, allowed)
        return float(codes[value])
    if column.type == "datetime":
        return _days(value, column, pointer)
    if isinstance(value, bool | str):
        detail = f"is {short(value)!r}; {column.name!r} takes a number"
        hint = "write it without signs and separators, as 1234.5" if isinstance(value, str) else None
        return Fault(pointer, "wrong_type", detail, short(value), hint=hint)
    if column.kept is not None and column.unseen == "error" and value not in codes:
        detail = f"{short(value)!r} was not among the values of {column.name!r} in training"
        return Fault(pointer, "unseen_value", detail, short(value), None, (column.values or [])[:50])
    if not abs(value) <= MAX_FLOAT32:
        return Fault(pointer, "out_of_range", f"is too large for {column.name!r}", short(value))
    return float(value)


def _days(value: Any, column: Input, pointer: str) -> float | Fault:
    try:
        return days_since_epoch(value) - (column.origin or 0.0)
    except (ValueError, AttributeError, OverflowError):
        hint = "such as 2026-11-23 or 2026-11-23T08:30:00Z"
        return Fault(
            pointer, "wrong_type", f"is {short(value)!r}, which is not a date or time, for {column.name!r}", hint=hint
        )
