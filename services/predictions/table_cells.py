"""A stored data set's columns become the cells that a model was trained on, however each table codes its values."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.columns import Column, TableInfo
from services.datasets.cells import value_of
from services.errors import Fault, InvalidRequest
from services.predictions.decoder import cells_of_columns
from services.specs.parse.faults import closest
from services.training.input.column_inputs import Input
from services.training.input.preprocessing import Preprocessing

POINTER = "#/dataset"

#: Of one column: cells of the data set, (rows,) float32, to cells of training; raises InvalidRequest with the row.
Convert = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class TableCells:
    """How a data set's rows are read for one model. What can be known of it without reading them is checked before."""

    columns: list[tuple[int, Convert]]  #: place of each feature in the data set, and what is done to it
    names: list[str]
    warnings: list[dict[str, Any]]

    @classmethod
    def of(cls, info: TableInfo, preprocessing: Preprocessing) -> "TableCells":
        """Find the model's columns in a data set.

        Raises: InvalidRequest with every column that is missing or has values of no use.
        """
        if preprocessing.inputs[0].shape is not None:
            detail = "has columns; the model takes the items of a plug-in's data"
            raise InvalidRequest([Fault(POINTER, "shape_mismatch", detail)])
        faults: list[Fault] = []
        warnings: list[dict[str, Any]] = []
        found: list[tuple[int, Convert]] = []
        for wanted in preprocessing.inputs:
            if wanted.name not in info.names:
                near = closest(wanted.name, info.names)
                faults.append(Fault(POINTER, "missing", f"column {wanted.name!r} is missing", suggestion=near))
                continue
            try:
                convert, odd = _conversion(info.column(wanted.name), wanted, preprocessing)
            except InvalidRequest as error:
                faults += [replace(fault, pointer=POINTER, location=None) for fault in error.faults[:3]]
                continue
            warnings += odd
            found.append((info.names.index(wanted.name), convert))
        if faults:
            raise InvalidRequest(faults)
        return cls(found, [wanted.name for wanted in preprocessing.inputs], _merged(warnings))

    def __call__(self, rows: np.ndarray, first: int = 0) -> np.ndarray:
        """Return the feature cells of rows, of which the data set's row `first` is the first.

        Shapes: rows (rows, columns) float32; returns (rows, features) float32 in the order of training.
        Raises: InvalidRequest naming the row and the column of a value that is of no use.
        """
        cells = np.empty((len(rows), len(self.columns)), dtype=np.float32)
        for n, (place, convert) in enumerate(self.columns):
            try:
                cells[:, n] = convert(rows[:, place])
            except InvalidRequest as error:
                fault = error.faults[0]
                row = first + int((fault.location or {}).get("row", 0))
                detail = f"row {row}, column {self.names[n]!r}: {fault.detail}"
                where = {"row": row, "column": self.names[n]}
                raise InvalidRequest([replace(fault, pointer=POINTER, detail=detail, location=where)]) from error
        return cells


def _conversion(column: Column, wanted: Input, preprocessing: Preprocessing) -> tuple[Convert, list[dict[str, Any]]]:
    """Return what is done to the cells of a column, and warnings about its values.

    Raises: InvalidRequest when it has values of no use, so far as they are known.
    """
    alone = replace(preprocessing, inputs=[wanted])
    missing = [None] if column.missing else []
    _, warnings = cells_of_columns({wanted.name: missing}, alone) if missing else (None, [])
    if column.type == "number" and wanted.type == "number" and wanted.kept is None:
        return _as_it_is, warnings
    if column.type == "datetime" and wanted.type == "datetime":
        return _other_origin((column.origin or 0.0) - (wanted.origin or 0.0)), warnings
    if column.values is None:
        return _by_distinct_values(column, alone), warnings
    known = [value_of(float(n), column) for n in range(len(column.values))] if column.coded else list(column.values)
    stands, odd = cells_of_columns({wanted.name: known}, alone) if known else (np.zeros((0, 1)), [])
    absent = np.float32(np.nan)
    if column.coded:
        return _by_code(np.append(stands[:, 0], absent).astype(np.float32)), warnings + odd
    return _by_number(np.asarray(known, dtype=np.float32), stands[:, 0].astype(np.float32)), warnings + odd


def _as_it_is(cells: np.ndarray) -> np.ndarray:
    return cells


def _other_origin(days: float) -> Convert:
    """Return the conversion of days that are counted from another day."""
    if days == 0.0:
        return _as_it_is
    return lambda cells: (cells.astype(np.float64) + days).astype(np.float32)


def _by_code(stands: np.ndarray) -> Convert:
    """Return the conversion of positions in a list of values; the last entry of `stands` is for a missing value."""

    def convert(cells: np.ndarray) -> np.ndarray:
        codes = np.where(np.isnan(cells), len(stands) - 1, cells)
        return np.asarray(stands[codes.astype(np.int64)])

    return convert


def _by_number(known: np.ndarray, stands: np.ndarray) -> Convert:
    """Return the conversion of numbers of which all that occur are known. Shapes: known, ascending, and stands (n,)."""

    def convert(cells: np.ndarray) -> np.ndarray:
        places = np.minimum(np.searchsorted(known, cells), len(known) - 1)
        return np.where(np.isnan(cells), np.float32(np.nan), stands[places])

    return convert


def _by_distinct_values(column: Column, alone: Preprocessing) -> Convert:
    """Return the conversion of values that are too many to be known: each distinct one of a block is read as a row."""
    name = alone.inputs[0].name

    def convert(cells: np.ndarray) -> np.ndarray:
        distinct, first, places = np.unique(cells, return_index=True, return_inverse=True)
        values = [None if cell != cell else value_of(cell, column) for cell in distinct.tolist()]
        try:
            stands, _ = cells_of_columns({name: values}, alone)
        except InvalidRequest as error:
            rows = [int(first[(fault.location or {}).get("row", 0)]) for fault in error.faults]
            row, fault = min(zip(rows, error.faults, strict=True), key=lambda pair: pair[0])
            raise InvalidRequest([replace(fault, location={"row": row})]) from error
        return np.asarray(stands[:, 0][places])

    return convert


def _merged(warnings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one warning of a code for all columns."""
    found: dict[str, dict[str, Any]] = {}
    for warning in warnings:
        known = found.setdefault(warning["code"], {**warning, "columns": []})
        known["columns"] += [name for name in warning["columns"] if name not in known["columns"]]
    for warning in found.values():
        stem = str(warning["message"]).rpartition(": ")[0]
        warning["message"] = f"{stem}: {', '.join(warning['columns'][:20])}"
    return list(found.values())
