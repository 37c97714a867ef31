"""The rows of a CSV file as cells, the numbers that a net's inputs are made from: a part of the scripts of a bundle."""

import csv
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from services.cell_texts import BOOLEANS, MISSING, number_of

UNSEEN = -1.0  #: the cell of a category that training did not have
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Columns = list[dict[str, Any]]


def read_csv(path: str, delimiter: str = ",", *, header: bool = True) -> tuple[list[str], list[list[str]]]:
    """Return the names of a file's columns and its rows; without a header the columns are c0, c1 and so on."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file, delimiter=delimiter) if row]
    if not rows:
        raise SystemExit(f"{path} is empty.")
    names = [name.strip() for name in rows.pop(0)] if header else [f"c{n}" for n in range(len(rows[0]))]
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise SystemExit(f"{path}: row {number} has {len(row)} values; the file has {len(names)} columns.")
    return names, rows


def feature_cells(names: list[str], rows: list[list[str]], columns: Columns) -> np.ndarray:
    """Return the cells of the feature columns, (rows, features) float32, in the order of training."""
    shape = columns[0]["shape"]
    if shape is not None:
        if math.prod(shape) != len(names):
            raise SystemExit(f"The model takes {math.prod(shape)} numbers a row, those of a tensor {shape}, in order.")
        columns = [{"name": name, "type": "number", "kept": None, "values": None, "fill": None} for name in names]
    missing = [column["name"] for column in columns if column["name"] not in names]
    if missing:
        raise SystemExit(f"Columns are missing: {', '.join(missing[:20])}.")
    cells = np.zeros((len(rows), len(columns)), dtype=np.float32)
    for n, column in enumerate(columns):
        cells[:, n] = column_cells([row[names.index(column["name"])] for row in rows], column)
    return cells


def column_cells(texts: list[str], column: dict[str, Any]) -> np.ndarray:
    """Return the cells of one column: (rows,) float64."""
    codes = {str(value): n for n, value in enumerate(column["values"] or [])}
    found = np.zeros(len(texts))
    for number, text in enumerate(texts):
        cell = cell_of(text, column, codes)
        if cell is None:
            known = f" It must be one of: {', '.join(list(codes)[:20])}." if column["type"] == "category" else ""
            raise SystemExit(f"Row {number}: {text[:80]!r} is no value of column {column['name']!r}.{known}")
        found[number] = cell
    return found


def cell_of(text: str, column: dict[str, Any], codes: dict[str, int]) -> float | None:
    """Return the number that stands for a text; None where the model has no use for it."""
    kept, takes_unseen = column["kept"] is not None, column.get("unseen") == "other"
    if text.strip() in MISSING and text not in codes:
        return math.nan if column["fill"] is not None or (kept and takes_unseen) else None
    if column["type"] == "category":
        return float(codes[text]) if text in codes else UNSEEN if takes_unseen else None
    if column["type"] == "boolean":
        return {True: 1.0, False: 0.0, None: None}[BOOLEANS.get(text)]
    if column["type"] == "datetime":
        return days_of(text) - (column["origin"] or 0.0)
    number = number_of(text)
    if number is None or not abs(number) <= np.finfo(np.float32).max:
        return None
    return None if kept and not takes_unseen and number not in (column["values"] or []) else number


def days_of(text: str) -> float:
    """Return a date or time as days since 1970, without a zone taken as UTC."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SystemExit(f"{text[:80]!r} is no date or time such as 2026-11-23T08:30:00Z.") from None
    return (found.replace(tzinfo=found.tzinfo or UTC) - EPOCH) / timedelta(days=1)
