"""Rows that came inside a request, made into a table: columns x0 ..., and y or y0 ..."""

import hashlib
from typing import Any

import numpy as np
import orjson

from services.columns import Column, TableInfo
from services.datasets.exactness import told_apart
from services.errors import Fault, InvalidRequest
from services.specs.schema.data import Data, inline_rows

MAX_VALUES = 1_000


def canonical(data: Data) -> bytes:
    """Return the rows as bytes that are the same for the same rows."""
    return orjson.dumps(inline_rows(data), option=orjson.OPT_SORT_KEYS)


def digest(original: bytes) -> str:
    """Return the SHA-256 under which inline rows are stored; never that of an uploaded file."""
    return hashlib.sha256(b"inline\0" + original).hexdigest()


def tabulate(data: Data) -> tuple[TableInfo, np.ndarray]:
    """Return the columns of inline rows, whose shapes were checked, and their float32 table.

    Shapes: x (rows, features), y (rows,) or (rows, targets); the table (rows, columns).
    """
    x = [*(data.x or []), *(data.x_val or []), *(data.x_test or [])]
    y = [*(data.y or []), *(data.y_val or []), *(data.y_test or [])]
    sizes = {"": len(data.x or []), "_val": len(data.x_val or []), "_test": len(data.x_test or [])}
    columns, parts = [], []
    features = _floats(x)  # (rows, features)
    _check_range(features, "x", sizes)
    if not isinstance(y[0], bool | str):
        _check_range(_floats(y), "y", sizes)
    for n in range(features.shape[1]):
        columns.append(number_column(f"x{n}", features[:, n]))
    parts.append(features)
    for name, cells in _targets(y):
        column, coded = _target_column(name, cells)
        columns.append(column)
        parts.append(coded[:, None])
    if data.x_val is not None or data.x_test is not None:
        counts = list(sizes.values())
        # Sorted, as the values of every category are.
        values, codes = ["test", "train", "validation"], [1.0, 2.0, 0.0]
        columns.append(Column("split", "category", values=values, counts=[counts[2], counts[0], counts[1]]))
        parts.append(np.repeat(codes, counts)[:, None])
    return TableInfo(len(x), columns), np.hstack(parts).astype("<f4")


def _check_range(cells: np.ndarray, key: str, sizes: dict[str, int]) -> None:
    """Refuse numbers that the float32 table can't hold, naming each of the first ones."""
    faults = []
    for row, *columns in np.argwhere(np.abs(cells) > np.finfo(np.float32).max)[: InvalidRequest.SHOWN].tolist():
        part, place = _place(row, sizes)
        pointer = "/".join(["#/data", f"{key}{part}", *map(str, [place, *columns])])
        faults.append(Fault(pointer, "out_of_range", "is too large a number"))
    if faults:
        raise InvalidRequest(faults)


def _place(row: int, sizes: dict[str, int]) -> tuple[str, int]:
    """Return the part that a row of the table came in, and its place there."""
    for part, size in sizes.items():
        if row < size:
            return part, row
        row -= size
    raise IndexError(row)


def _floats(cells: list[Any]) -> np.ndarray:
    try:
        return np.asarray(cells, dtype=np.float64)
    except OverflowError:  # a whole number beyond even float64
        return np.asarray(_clipped(cells), dtype=np.float64)


def _clipped(cells: Any) -> Any:
    return [_clipped(cell) for cell in cells] if isinstance(cells, list) else max(min(cells, 1e308), -1e308)


def number_column(name: str, cells: np.ndarray) -> Column:
    """Return what is known of a column of float64 numbers, missing ones NaN."""
    there = cells[~np.isnan(cells)]
    values, counts = np.unique(there, return_counts=True)
    whole = bool(len(there)) and bool(np.all(there == np.floor(there)))
    few = len(values) <= MAX_VALUES and told_apart(values, whole=whole)
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
