"""Rows that come as CSV, Parquet, Arrow or NPY become named columns. What a file says of itself is checked first."""

import csv
import io
import math
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from services.datasets import array_headers, parquet_files
from services.datasets.csv_dialect import sniff
from services.datasets.table_limits import TableLimits
from services.datasets.tabulation import check_schema
from services.errors import Fault, InvalidRequest
from services.predictions.formats.arrow_messages import is_packed
from services.predictions.formats.media import Media
from services.predictions.row_limit import check_rows
from services.specs.parse.faults import pointer_of
from services.specs.schema.file_options import FileOptions

Columns = Mapping[str, Sequence[Any] | np.ndarray]
#: Types of Arrow columns, also in lists. pyarrow has no Python value for some of the others.
MAX_UNPACKED_BYTES = 256 << 20
SAMPLE_CHARACTERS = 64 << 10  #: of a CSV, that say what its delimiter is


def columns_of(body: bytes, media: Media, most: int) -> Columns:
    """Return the columns of a table, all of one length.

    Raises: InvalidRequest when it is damaged, empty or has a column twice; TooLarge when it has more than `most` rows.
    """
    read = {Media.CSV: _csv, Media.PARQUET: _parquet, Media.ARROW: _arrow}[media]
    found = read(body, most)
    if not found or not len(next(iter(found.values()))):
        raise InvalidRequest([Fault("#", "empty", "has no rows")])
    return found


def array_of(body: bytes, most: int) -> np.ndarray:
    """Return the numbers of an NPY file, (rows, …).

    Raises: InvalidRequest when it is damaged or does not hold numbers; TooLarge.
    """
    stream = io.BytesIO(body)
    try:
        shape, fortran, dtype = array_headers.read(stream)
    except ValueError as error:
        raise _damaged("NPY", "is not an NPY array of numbers") from error
    left = len(body) - stream.tell()
    if dtype.kind not in "iuf" or dtype.hasobject:
        raise _damaged("NPY", f"has values of type {dtype}; must be numbers")
    if not shape or min(shape) < 1:
        raise InvalidRequest([Fault("#", "empty", f"has the shape {list(shape)}; must have rows")])
    if math.prod(shape) * dtype.itemsize != left:
        raise _damaged("NPY", f"says that its shape is {list(shape)}, but {left} bytes of numbers follow")
    check_rows(shape[0], most)
    numbers = np.frombuffer(body, dtype=dtype, offset=stream.tell())
    return numbers.reshape(shape, order="F" if fortran else "C")


def _csv(body: bytes, most: int) -> Columns:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _damaged("CSV", f"is not UTF-8 at byte {error.start}") from error
    sample = text[:SAMPLE_CHARACTERS]
    dialect, _ = sniff(sample, _limits(most), FileOptions(header=True), whole=len(sample) == len(text))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, strict=True)
    try:
        names = next(rows, [])
        _check_names(names)
        found: list[list[str]] = []
        for row in rows:
            if not row:
                continue  # an empty line
            if len(row) != len(names):
                detail = f"row {len(found)} (line {rows.line_num}) has {len(row)} values, the header {len(names)}"
                where = {"row": len(found), "line": rows.line_num}
                raise InvalidRequest([Fault(f"#/rows/{len(found)}", "shape_mismatch", detail, location=where)])
            found.append(row)
            check_rows(len(found), most)
    except csv.Error as error:
        detail = f"has a quote at line {rows.line_num} that does not close, or text behind one that does"
        if "field limit" in str(error):
            detail = f"has a value of more than {csv.field_size_limit()} characters at line {rows.line_num}"
            detail += ", or a quote that does not close"
        raise _damaged("CSV", detail) from error
    return {name: [row[n] for row in found] for n, name in enumerate(names)}


def _parquet(body: bytes, most: int) -> Columns:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        path.write_bytes(body)
        with suppress(pa.ArrowException, OSError):  # the reader says what is wrong
            rows = parquet.read_metadata(path).num_rows
            check_rows(rows, most)
            if rows == 0:
                return {}
        batches = list(parquet_files.read(path, _limits(most))())
    if not batches:
        return {}
    return _columns(pa.Table.from_batches(batches))


def _arrow(body: bytes, most: int) -> Columns:
    try:
        for message in pa.ipc.MessageReader.open_stream(body):
            if is_packed(message.metadata.to_pybytes()):
                detail = "has compressed buffers; send them as they are"
                raise InvalidRequest([Fault("#", "unreadable", detail)])
        batches, rows = [], 0
        with pa.ipc.open_stream(body) as stream:
            _check_names(stream.schema.names)
            check_schema(stream.schema, _limits(most))
            for batch in stream:
                rows += batch.num_rows
                check_rows(rows, most)
                batch.validate(full=True)
                batches.append(batch)
    except (pa.ArrowException, ValueError, OSError, EOFError) as error:
        raise _damaged("Arrow stream", "is damaged, or not an Arrow stream") from error
    return _columns(pa.Table.from_batches(batches)) if batches else {}


def _columns(table: pa.Table) -> Columns:
    _check_names(table.column_names)
    found: dict[str, Sequence[Any] | np.ndarray] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_floating(column.type) or (pa.types.is_integer(column.type) and not column.null_count):
            found[name] = column.to_numpy()
        elif pa.types.is_temporal(column.type):
            found[name] = [_moment(cell) for cell in column]
        else:
            found[name] = column.to_pylist()
    return found


def _moment(cell: pa.Scalar) -> str | None:
    """Return a date or time as text; one that Python has no date for as what the file has, which no column takes."""
    try:
        value = cell.as_py()
    except (ValueError, OverflowError, LookupError, pa.ArrowException):
        return f"{cell.value} of {cell.type}"
    return None if value is None else str(value.isoformat())


def _limits(most: int) -> TableLimits:
    return TableLimits(most, TableLimits.columns, MAX_UNPACKED_BYTES)


def _check_names(names: list[str]) -> None:
    if not names:
        raise InvalidRequest([Fault("#", "empty", "has no columns")])
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        detail = f"column {twice[0][:80]!r} occurs twice"
        raise InvalidRequest([Fault(pointer_of(["columns", twice[0]]), "duplicate_key", detail)])


def _damaged(kind: str, detail: str) -> InvalidRequest:
    return InvalidRequest([Fault("#", "unreadable", detail, hint=f"write the {kind} again")])
