"""Makes the float32 table of a file: one pass over its batches learns the columns and writes what are numbers already.

Only where there are texts, a second pass writes the rows, when the place of each text among all is known.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.datasets.exactness import told_apart
from services.errors import Fault, InvalidRequest, TooLarge
from services.specs.columns import Column, TableInfo

MAX_VALUES = 1_000  #: distinct values that are kept; a text column with more can't be learnt from
MAX_COLUMNS = 10_000
AHEAD = 3  #: batches that are read while one is looked at
NUMBERS_SHARE = 0.9  #: from this share of numbers on, a text among them is a fault and not a category
#: Texts of a CSV cell that stand for no value.
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "None", "?"]
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
MAX_FLOAT32 = float(np.finfo(np.float32).max)
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

Batches = Callable[[], Iterator[pa.RecordBatch]]


@dataclass
class _Scan:
    """What the first pass has seen of one column."""

    name: str
    guess: bool  #: texts may be numbers or booleans in disguise, as in a CSV
    rows: int = 0
    missing: int = 0
    first_missing: int | None = None
    numbers: int = 0
    texts: int = 0
    first_text: tuple[int, str] | None = None
    first_beyond: tuple[int, str] | None = None  #: a number that the float32 table can't hold
    booleans: int = 0
    low: float = np.inf
    high: float = -np.inf
    total: float = 0.0
    whole: bool = True
    values: dict[Any, int] = field(default_factory=dict)
    too_many: bool = False

    def look(self, cells: pa.Array) -> None:
        """Take in the cells of one batch."""
        if pa.types.is_floating(cells.type):
            cells = pc.if_else(pc.is_nan(cells), None, cells)
        empty = cells.is_null()
        if cells.null_count and self.first_missing is None:
            self.first_missing = self.rows + empty.index(True).as_py()
        self.missing += cells.null_count
        there = cells.drop_null()
        if pa.types.is_boolean(cells.type):
            self.booleans += len(there)
            self._count(there)
        elif _is_text(cells.type):
            self._look_at_texts(cells, there)
        else:
            self._take_numbers(_floats(cells))
            self._count(there.cast(pa.float64(), safe=False))
        self.rows += len(cells)

    def _look_at_texts(self, cells: pa.Array, there: pa.Array) -> None:
        is_number = pc.match_substring_regex(there, NUMBER) if self.guess else pa.array([False] * len(there))
        numbers = pc.filter(there, is_number)
        self.texts += len(there) - len(numbers)
        if self.first_text is None and len(numbers) < len(there):
            positions = pc.indices_nonzero(cells.is_valid())
            at = is_number.index(False).as_py()
            self.first_text = (self.rows + positions[at].as_py(), there[at].as_py())
        if self.guess and not self.too_many:
            self.booleans += pc.sum(pc.is_in(there, pa.array(list(BOOLEANS)))).as_py() or 0
        if len(numbers):
            # At their places among all cells, so that a number of no use is named by its row.
            places = pc.fill_null(pc.match_substring_regex(cells, NUMBER), False)
            self._take_numbers(_floats(pc.if_else(places, cells, None)))
        self._count(there)

    def _take_numbers(self, cells: np.ndarray) -> None:
        """Take in float64 cells, NaN where there is none."""
        there = cells[~np.isnan(cells)]
        self.numbers += len(there)
        if not len(there):
            return
        low, high = float(there.min()), float(there.max())
        if self.first_beyond is None and max(-low, high) > MAX_FLOAT32:
            at = int(np.flatnonzero(np.abs(cells) > MAX_FLOAT32)[0])
            self.first_beyond = (self.rows + at, str(float(cells[at])))
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.total += float(there.sum())
        self.whole = self.whole and bool((np.floor(there) == there).all())

    def _count(self, there: pa.Array) -> None:
        if self.too_many or not len(there):
            return
        for entry in there.value_counts():
            value = entry["values"].as_py()
            self.values[value] = self.values.get(value, 0) + entry["counts"].as_py()
        if len(self.values) > 2 * MAX_VALUES:  # as texts, "1" and "1.0" are two
            self.too_many, self.values = True, {}

    def fault(self) -> Fault | None:
        """Return what is wrong with the column: a text among numbers, or a number beyond float32."""
        if self.texts and self.numbers < NUMBERS_SHARE * (self.numbers + self.texts):
            return None
        if self.texts and self.first_text and self.numbers:
            return _bad_value(self.name, *self.first_text)
        if self.first_beyond:
            return _bad_value(self.name, *self.first_beyond, "is too large a number")
        return None

    def column(self) -> Column:
        """Return the column that was seen."""
        missing: dict[str, Any] = {"missing": self.missing, "first_missing": self.first_missing}
        if self.booleans and self.booleans >= self.texts and not self.numbers:
            trues = sum(count for value, count in self.values.items() if BOOLEANS.get(value, value) is True)
            return Column(self.name, "boolean", **missing, values=[False, True], counts=[self.booleans - trues, trues])
        if self.texts:
            values = None if self.too_many or len(self.values) > MAX_VALUES else sorted(map(str, self.values))
            counts = None if values is None else [self.values[value] for value in values]
            return Column(self.name, "category", **missing, values=values, counts=counts)
        return Column(self.name, "number", **missing, **self._numbers())

    def _numbers(self) -> dict[str, Any]:
        if not self.numbers:
            return {}
        found: dict[float, int] = {}
        for value, count in self.values.items():
            number = float(value)
            found[number] = found.get(number, 0) + count
        values = sorted(found)
        few = not self.too_many and len(found) <= MAX_VALUES and told_apart(np.array(values), whole=self.whole)
        return {
            "min": self.low,
            "max": self.high,
            "mean": self.total / self.numbers,
            "whole": self.whole,
            "values": [int(value) if self.whole else value for value in values] if few else None,
            "counts": [found[value] for value in values] if few else None,
        }


def tabulate(batches: Batches, path: Path, *, guess: bool, max_bytes: int) -> TableInfo:
    """Write the rows that `batches()` gives, twice, as a float32 table at `path`; return its columns.

    Shapes: the file holds (rows, columns), row after row.
    Raises: InvalidRequest when there are no rows, or a column is no number, text or boolean; TooLarge when the table
    would have more than `max_bytes`, since a few bytes of Parquet can stand for millions of rows.
    """
    scans: list[_Scan] = []
    numbers = True  # and nothing else so far
    with open(path, "wb") as file:
        for batch in _ahead(batches()):
            if not scans:
                _check_schema(batch.schema)
                scans = [_Scan(name, guess) for name in batch.schema.names]
            columns = [_plain(cells) for cells in batch.columns]
            for scan, cells in zip(scans, columns, strict=True):
                scan.look(cells)
            if scans[0].rows * len(scans) * 4 > max_bytes:
                raise TooLarge(f"The rows would take more than {max_bytes} bytes.", limit_bytes=max_bytes)
            numbers = numbers and not any(_is_text(c.type) or pa.types.is_boolean(c.type) for c in columns)
            if numbers:
                file.write(_rows([_floats(cells) for cells in columns]).data)
    rows = scans[0].rows if scans else 0
    if not rows:
        raise InvalidRequest([Fault("#/data", "empty", "has no rows")])
    faults = [fault for scan in scans if (fault := scan.fault())]
    if faults:
        raise InvalidRequest(faults)
    info = TableInfo(rows, [scan.column() for scan in scans])
    if not numbers:
        with open(path, "wb") as file:
            for batch in _ahead(batches()):
                coded = [_coded(_plain(c), column) for c, column in zip(batch.columns, info.columns, strict=True)]
                file.write(_rows(coded).data)
    return info


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


def check_names(names: list[str]) -> None:
    """Refuse columns that have no name or the same one.

    Raises: InvalidRequest naming each.
    """
    faults = []
    if len(names) > MAX_COLUMNS:
        faults.append(Fault("#/data", "too_long", f"has {len(names)} columns; at most {MAX_COLUMNS} are read"))
    for n, name in enumerate(names):
        location = {"row": 0, "line": 1, "column": n}
        if not name.strip():
            faults.append(Fault("#/data", "invalid_name", f"column {n} has no name", location=location))
        elif names.index(name) != n:
            faults.append(
                Fault("#/data", "duplicate_column", f"two columns are named {name[:80]!r}", location=location)
            )
        elif len(name) > 200 or "\0" in name:
            faults.append(Fault("#/data", "invalid_name", f"column {n} has a name of no use", location=location))
    if faults:
        raise InvalidRequest(faults)


def _check_schema(schema: pa.Schema) -> None:
    check_names(schema.names)
    faults = []
    for entry in schema:
        kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
        known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null, _is_text)
        if not any(matches(kind) for matches in known):
            detail = f"column {entry.name!r} is of type {entry.type}; numbers, texts and booleans are read"
            faults.append(Fault("#/data", "wrong_type", detail, location={"column": entry.name}))
    if faults:
        raise InvalidRequest(faults)


def _plain(cells: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_null(cells.type):
        return cells.cast(pa.float64())
    return cells.cast(pa.string()) if pa.types.is_large_string(cells.type) else cells


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _floats(cells: pa.Array) -> np.ndarray:
    """Return numbers, or texts that are numbers, as float64, NaN where there is none."""
    floats = pc.utf8_trim_whitespace(cells) if _is_text(cells.type) else cells
    return np.asarray(floats.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _coded(cells: pa.Array, column: Column) -> np.ndarray:
    """Return cells as float64: numbers as they are, others as positions in the column's values, missing as NaN."""
    if column.type == "number":
        return _floats(cells)
    if column.type == "boolean":
        if _is_text(cells.type):
            trues = pa.array([text for text, says in BOOLEANS.items() if says])
            cells = pc.if_else(cells.is_valid(), pc.is_in(cells, trues), None)
        return np.asarray(cells.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    if column.values is None:
        return np.full(len(cells), np.nan)
    positions = pc.index_in(cells.cast(pa.string()), pa.array(column.values, pa.string()))
    return np.asarray(positions.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _bad_value(name: str, row: int, text: str, detail: str = "is not a number") -> Fault:
    location = {"row": row, "column": name}
    hint = "mend the cell, or leave it empty if there is no value"
    return Fault("#/data", "bad_value", detail, value=text[:80], hint=hint, location=location)
