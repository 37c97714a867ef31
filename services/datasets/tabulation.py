"""Makes the float32 table of a file: one pass over its batches learns the columns and writes what are numbers already.

Only where there are texts, a second pass writes the rows, when the place of each text among all is known.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.cell_texts import BOOLEANS
from services.columns import Column, TableInfo
from services.datasets.column_scan import Scan, floats, is_text
from services.datasets.list_columns import is_list
from services.datasets.table_limits import TableLimits
from services.datasets.timestamps import days, is_time
from services.errors import Fault, InvalidRequest

AHEAD = 3  #: batches that are read while one is looked at

Batches = Callable[[], Iterator[pa.RecordBatch]]


def tabulate(
    batches: Batches, path: Path, *, guess: bool, limits: TableLimits, types: Mapping[str, str] | None = None
) -> TableInfo:
    """Write the rows that `batches()` gives, twice, as a float32 table at `path`; return its columns.

    Shapes: the file holds (rows, columns), row after row.
    Raises: InvalidRequest when there are no rows, or a column is no number, text or boolean; TooLarge when the table
    would be larger than `limits`, since a few bytes of Parquet can stand for millions of rows.
    """
    scans: list[Scan] = []
    numbers = True  # and nothing else so far
    with open(path, "wb") as file:
        for batch in _ahead(batches()):
            if not scans:
                check_schema(batch.schema, limits)
                scans = [Scan(name, guess, (types or {}).get(name)) for name in batch.schema.names]
            limits.check_shape(scans[0].rows + len(batch), len(scans))
            columns = [_plain(cells) for cells in batch.columns]
            for scan, cells in zip(scans, columns, strict=True):
                scan.look(cells)
            numbers = numbers and not any(
                is_text(c.type) or pa.types.is_boolean(c.type) or is_time(c.type) for c in columns
            )
            if numbers:
                file.write(_rows([floats(cells) for cells in columns]).data)
    rows = scans[0].rows if scans else 0
    if not rows:
        raise InvalidRequest([Fault("#/data", "empty", "has no rows", hint="each line below the names is a row")])
    faults = [fault for scan in scans if (fault := scan.fault())]
    if faults:
        raise InvalidRequest(faults)
    info = TableInfo(rows, [scan.column() for scan in scans])
    if not numbers or any(column.coded for column in info.columns):
        with open(path, "wb") as file:
            for batch in _ahead(batches()):
                coded = [_coded(_plain(c), column) for c, column in zip(batch.columns, info.columns, strict=True)]
                file.write(_rows(coded).data)
    return info


def _hint(kind: pa.DataType) -> str:
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return "write it as a number: its seconds"
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        return "write a column for each of its fields"
    return "write it as texts or as numbers"


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches, the next ones being read meanwhile: what reads them holds no lock of Python's."""
    with ThreadPoolExecutor(1) as reader:
        coming = deque(reader.submit(next, batches, None) for _ in range(AHEAD))
        while (batch := coming.popleft().result()) is not None:
            coming.append(reader.submit(next, batches, None))
            yield batch


def _rows(columns: list[np.ndarray]) -> np.ndarray:
    """Return columns of (rows,) each as (rows, columns) float32."""
    rows = np.empty((len(columns[0]), len(columns)), dtype="<f4")
    with np.errstate(over="ignore"):  # the scan tells the user of numbers beyond float32
        for n, column in enumerate(columns):
            rows[:, n] = column
    return rows


def check_names(names: list[str], limits: TableLimits) -> None:
    """Refuse columns that have no name or the same one.

    Raises: InvalidRequest naming each; TooLarge.
    """
    limits.check_columns(len(names))
    faults = []
    first = {name: n for n, name in reversed(list(enumerate(names)))}
    for n, name in enumerate(names):
        location = {"row": 0, "line": 1, "column": n}
        if not name.strip():
            hint = "each line ends with a delimiter: take the last one away" if n and n == len(names) - 1 else "name it"
            faults.append(Fault("#/data", "invalid_name", f"column {n} has no name", hint=hint, location=location))
        elif first[name] != n:
            detail = f"two columns are named {name[:80]!r}"
            hint = "rename one of them, or leave it out"
            faults.append(Fault("#/data", "duplicate_column", detail, hint=hint, location=location))
        elif len(name) > 200 or "\0" in name:
            faults.append(Fault("#/data", "invalid_name", f"column {n} has an unusable name", location=location))
    if faults:
        raise InvalidRequest(faults)


def check_schema(schema: pa.Schema, limits: TableLimits) -> None:
    """Refuse columns of no use, by name or type; lists count as what is in them.

    Raises: InvalidRequest naming each; TooLarge.
    """
    check_names(schema.names, limits)
    faults = []
    for entry in schema:
        kind = entry.type
        while is_list(kind) or pa.types.is_dictionary(kind):
            kind = kind.value_type
        known = (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_boolean,
            pa.types.is_null,
            pa.types.is_decimal,
            is_time,
            is_text,
        )
        if not any(matches(kind) for matches in known):
            detail = (
                f"column {entry.name!r} is of type {entry.type}; numbers, texts, booleans, dates and times are read"
            )
            faults.append(Fault("#/data", "wrong_type", detail, hint=_hint(kind), location={"column": entry.name}))
    if faults:
        raise InvalidRequest(faults)


def _plain(cells: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_null(cells.type):
        return cells.cast(pa.float64())
    if pa.types.is_decimal(cells.type):
        return cells.cast(pa.float64())
    return cells.cast(pa.string()) if pa.types.is_large_string(cells.type) else cells


def _coded(cells: pa.Array, column: Column) -> np.ndarray:
    """Return cells as float64: numbers as they are, others as positions in the column's values, missing as NaN."""
    if column.type == "number":
        return floats(cells)
    if column.type == "boolean":
        if is_text(cells.type):
            trues = pa.array([text for text, says in BOOLEANS.items() if says])
            cells = pc.if_else(cells.is_valid(), pc.is_in(cells, trues), None)
        return np.asarray(cells.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    if column.type == "datetime":
        return days(cells) - (column.origin or 0.0)
    if column.values is None:
        return np.full(len(cells), np.nan)
    if pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), None, cells).cast(pa.float64())
        positions = pc.index_in(cells, pa.array(map(float, column.values), pa.float64()))
    else:
        values = pa.array([str(value) for value in column.values], pa.string())
        positions = pc.index_in(cells.cast(pa.string()), values)
    return np.asarray(positions.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
