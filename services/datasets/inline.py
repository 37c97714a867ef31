"""Rows that came inside a request, made into a table: columns x0 ..., and y or y0 ..."""

import hashlib
from typing import Any

import numpy as np
import orjson

from services.errors import Fault, InvalidRequest
from services.specs.columns import Column, TableInfo
from services.specs.data import Data, inline_rows

MAX_VALUES = 1_000


def canonical(data: Data) -> bytes:
    """Return the rows as bytes that are the same for the same rows."""
    return orjson.dumps(inline_rows(data), option=orjson.OPT_SORT_KEYS)


def digest(original: bytes) -> str:
    """Return the SHA-256 under which inline rows are stored; never that of an uploaded file."""
    return hashlib.sha256(b"inline\0" + original).hexdigest()


def tabulate(data: Data) -> tuple[TableInfo, np.ndarray]:
    """Return the columns of inline rows and their float32 table.

    Shapes: x (rows, features), y (rows,) or (rows, targets); the table (rows, columns).
    Raises: InvalidRequest with every fault of the rows.
    """
    faults = inline_faults(data)
    if faults:
        raise InvalidRequest(faults)
    x, y = list(data.x or []), list(data.y or [])
    train = len(x)
    x, y = x + list(data.x_val or []), y + list(data.y_val or [])
    columns, parts = [], []
    features = np.asarray(x, dtype=np.float64)  # (rows, features)
    for n in range(features.shape[1]):
        columns.append(number_column(f"x{n}", features[:, n]))
    parts.append(features)
    for name, cells in _targets(y):
        column, coded = _target_column(name, cells)
        columns.append(column)
        parts.append(coded[:, None])
    if data.x_val is not None:
        counts = [train, len(x) - train]
        columns.append(Column("split", "category", values=["train", "validation"], counts=counts))
        parts.append(np.repeat([0.0, 1.0], counts)[:, None])
    return TableInfo(len(x), columns), np.hstack(parts).astype("<f4")


def number_column(name: str, cells: np.ndarray) -> Column:
    """Return what is known of a column of float64 numbers, missing ones NaN."""
    there = cells[~np.isnan(cells)]
    values, counts = np.unique(there, return_counts=True)
    whole = bool(len(there)) and bool(np.all(there == np.floor(there)))
    few = len(values) <= MAX_VALUES
    missing = len(cells) - len(there)
    return Column(
        name,
        "number",
        missing=missing,
        first_missing=int(np.flatnonzero(np.isnan(cells))[0]) if missing else None,
        min=float(there.min()) if len(there) else None,
        max=float(there.max()) if len(there) else None,
        mean=float(there.mean()) if len(there) else None,
        values=[int(value) if whole else float(value) for value in values] if few else None,
        counts=[int(count) for count in counts] if few else None,
        whole=whole,
    )


def inline_faults(data: Data) -> list[Fault]:
    """Return what is wrong with the lengths and widths of inline rows and with the kinds of their targets."""
    faults: list[Fault] = []
    if data.y is None:
        faults.append(Fault("#/data/y", "missing", "is missing: x needs an answer for each row"))
    if (data.x_val is None) != (data.y_val is None):
        absent = "x_val" if data.x_val is None else "y_val"
        faults.append(Fault(f"#/data/{absent}", "missing", "is missing: x_val and y_val go together"))
    for x_key, y_key in (("x", "y"), ("x_val", "y_val")):
        x, y = getattr(data, x_key), getattr(data, y_key)
        if x is not None and y is not None and len(x) != len(y):
            detail = f"has {len(y)} rows, {x_key} has {len(x)}"
            faults.append(Fault(f"#/data/{y_key}", "length_mismatch", detail, hint="give one target for each row"))
    width = len(data.x[0]) if data.x else 0
    for key in ("x", "x_val"):
        for n, row in enumerate(getattr(data, key) or []):
            if len(row) != width:
                detail = f"has {len(row)} numbers, the first row has {width}"
                faults.append(Fault(f"#/data/{key}/{n}", "ragged_row", detail))
    return faults + _target_faults(data)


def _target_faults(data: Data) -> list[Fault]:
    faults: list[Fault] = []
    if not data.y:
        return faults
    first = _kind(data.y[0])
    for key in ("y", "y_val"):
        for n, value in enumerate(getattr(data, key) or []):
            if _kind(value) != first:
                detail = f"is {_kind(value)}, the first target is {first}"
                faults.append(Fault(f"#/data/{key}/{n}", "wrong_type", detail))
    return faults


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return "true or false"
    return "a text" if isinstance(value, str) else "a number"


def _targets(y: list[Any]) -> list[tuple[str, list[Any]]]:
    if isinstance(y[0], list):
        if len(y[0]) == 1:
            return [("y", [row[0] for row in y])]
        return [(f"y{n}", [row[n] for row in y]) for n in range(len(y[0]))]
    return [("y", y)]


def _target_column(name: str, cells: list[Any]) -> tuple[Column, np.ndarray]:
    if isinstance(cells[0], bool):
        coded = np.asarray(cells, dtype=np.float64)
        trues = int(coded.sum())
        return Column(name, "boolean", values=[False, True], counts=[len(cells) - trues, trues]), coded
    if isinstance(cells[0], str):
        values, codes, counts = np.unique(np.asarray(cells, dtype=object), return_inverse=True, return_counts=True)
        few = len(values) <= MAX_VALUES
        column = Column(
            name, "category", values=list(values) if few else None, counts=[int(n) for n in counts] if few else None
        )
        return column, codes.astype(np.float64)
    numbers = np.asarray(cells, dtype=np.float64)
    return number_column(name, numbers), numbers
