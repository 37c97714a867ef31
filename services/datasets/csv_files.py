"""Reads CSV: its dialect, and its rows in batches. Bad bytes and ragged rows are named by row and column."""

import codecs
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow

from services.cell_texts import MISSING
from services.datasets.csv_dialect import Dialect, sniff
from services.datasets.csv_faults import MAX_CELL_BYTES, diagnose, lines_of
from services.datasets.disguised_numbers import has_leading_zeros, plain_numbers
from services.datasets.table_limits import TableLimits
from services.datasets.tabulation import Batches, check_names
from services.errors import Fault, InvalidRequest
from services.specs.schema.file_options import FileOptions

BLOCK_BYTES = 1 << 20
WIDE_BLOCK_BYTES = 16 << 20  #: a row must fit into a block
WIDE_COLUMNS = 100
SAMPLE_BYTES = 64 * 1024


class NotNumbers(Exception):
    """A column that began with numbers went on with something else."""


def read(path: Path, limits: TableLimits, options: FileOptions, *, typed: bool) -> tuple[Batches, dict[str, Any]]:
    """Return what gives the rows of a CSV file in batches, as often as it is called, and its dialect.

    All cells are texts; or, `typed`, those of columns that begin with numbers are float64. Then the batches raise
    NotNumbers where such a column has other cells, or infinite ones; as texts they can be told to the user.

    Raises: InvalidRequest when the file is not UTF-8, is empty, or has rows of different lengths; TooLarge
    when it has too many columns.
    """
    head, whole = _head(path)
    _check_utf8(path, len(head))
    sample = head.decode("utf-8", errors="ignore").removeprefix("\ufeff")
    if not sample.strip():
        raise InvalidRequest([Fault("#/data", "empty", "is empty")])
    dialect, first = sniff(sample, limits, options, whole=whole)
    names = first if dialect.header else [f"c{n}" for n in range(len(first))]
    if dialect.header and len(names) > 1 and not names[0]:
        names = ["Unnamed: 0", *names[1:]]  # as pandas calls the index that it wrote
    faults = [
        Fault(f"#/query/columns/{name}", "unknown_column", "is not a column of the file", value=name[:80])
        for name in options.columns
        if name not in names
    ]
    if faults:
        raise InvalidRequest(faults)
    check_names(names, limits)
    missing = MISSING if options.na_values is None else ["", *options.na_values]
    numbers = _beginning_with_numbers(path, dialect, names, missing) if typed else []
    if len(numbers) < len(names):  # in numbers, the reader finds what is none
        _check_utf8(path, path.stat().st_size)
    return lambda: _batches(path, dialect, names, numbers, missing, options), asdict(dialect)


def with_lines(faults: list[Fault], path: Path, dialect: dict[str, Any]) -> list[Fault]:
    """Return faults with the lines of their rows."""
    rows = {fault.location["row"] for fault in faults if fault.location and "line" not in fault.location}
    lines = lines_of(path, dialect["delimiter"], rows, header=dialect["header"]) if rows else {}
    return [
        replace(fault, location={"line": lines[fault.location["row"]]} | fault.location)
        if fault.location and fault.location.get("row") in lines
        else fault
        for fault in faults
    ]


def _head(path: Path) -> tuple[bytes, bool]:
    """Return a file's beginning, three lines of it at least, and whether nothing follows."""
    blocks: list[bytes] = []
    lines = size = 0
    with open(path, "rb") as file:
        # The names of many columns may be a long line.
        while (lines < 3 or not blocks) and size < WIDE_BLOCK_BYTES and (block := file.read(SAMPLE_BYTES)):
            blocks.append(block)
            lines, size = lines + block.count(b"\n") + block.count(b"\r"), size + len(block)
        return b"".join(blocks), not file.read(1)


def _beginning_with_numbers(path: Path, dialect: Dialect, names: list[str], missing: list[str]) -> list[str]:
    """Return the columns that are numbers as far as a block goes."""
    try:
        schema = _open(path, dialect, names, {}, missing).schema
        texts = next(iter(_open(path, dialect, names, dict.fromkeys(names, pa.string()), missing)), None)
    except pa.ArrowInvalid:
        return []
    found = [entry.name for entry in schema if pa.types.is_integer(entry.type) or pa.types.is_floating(entry.type)]
    # A leading zero is lost in a number; such a column is read as texts until it is known what it is.
    return [n for n in found if texts is None or not has_leading_zeros(texts.column(names.index(n)))]


def _batches(
    path: Path, dialect: Dialect, names: list[str], numbers: list[str], missing: list[str], options: FileOptions
) -> Iterator[pa.RecordBatch]:
    last = None
    types = dict.fromkeys(names, pa.string()) | dict.fromkeys(numbers, pa.float64())
    texts = [n for n, name in enumerate(names) if types[name] == pa.string()]
    floats = [n for n, name in enumerate(names) if types[name] != pa.string()]
    try:
        for batch in _open(path, dialect, names, types, missing):
            if any((pc.max(pc.binary_length(batch.column(n))).as_py() or 0) > MAX_CELL_BYTES for n in texts):
                raise pa.ArrowInvalid(f"a cell has more than {MAX_CELL_BYTES} bytes")
            if any(math.isinf(pc.sum(batch.column(n)).as_py() or 0.0) for n in floats):
                raise NotNumbers
            yield plain_numbers(batch, options)
            last = batch if len(batch) else last
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        if "conversion error" in str(error):
            raise NotNumbers from error
        faults = diagnose(path, dialect.delimiter, len(names), header=dialect.header)
        if not faults and "straddling" in str(error) and path.stat().st_size < BLOCK_BYTES:
            return  # one line without an end: a header and no rows
        raise InvalidRequest(faults or [_unreadable(str(error), len(names))]) from error
    if last is not None and _may_be_open(path, last):
        faults = diagnose(path, dialect.delimiter, len(names), header=dialect.header)
        if faults:
            raise InvalidRequest(faults)


def _open(path: Path, dialect: Dialect, names: list[str], types: dict[str, pa.DataType], missing: list[str]) -> Any:
    return arrow.open_csv(
        path,
        arrow.ReadOptions(
            use_threads=False,
            block_size=WIDE_BLOCK_BYTES if len(names) > WIDE_COLUMNS else BLOCK_BYTES,
            column_names=names,
            skip_rows_after_names=int(dialect.header),
        ),
        arrow.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
        arrow.ConvertOptions(column_types=types, null_values=missing, strings_can_be_null=True),
    )


def _unreadable(words: str, width: int) -> Fault:
    """Return what is wrong with a file of which the exact pass found nothing, or whose fault is too far on for it."""
    block = WIDE_BLOCK_BYTES if width > WIDE_COLUMNS else BLOCK_BYTES
    if "straddling" in words:
        hint = "a quote that opens and never closes makes the rest of the file one row"
        return Fault("#/data", "csv_row_too_long", f"has a row of more than {block:,} bytes", hint=hint)
    if "columns, got" in words:
        detail = f"has a row of more or fewer than {width} cells"
        return Fault("#/data", "csv_ragged_row", detail, hint="put a cell that contains the delimiter in quotes")
    if "a cell has more than" in words:
        return Fault("#/data", "csv_cell_too_long", f"has a cell of more than {MAX_CELL_BYTES:,} bytes")
    hint = "open it in a text editor: each row must be a line, with cells separated by one character"
    return Fault("#/data", "csv_unreadable", "can't be read as CSV", hint=hint)


def _may_be_open(path: Path, last: pa.RecordBatch) -> bool:
    """Return whether a quote that never closes may have swallowed the end of the file."""
    cell = str(last.column(last.num_columns - 1)[-1].as_py() or "")
    with open(path, "rb") as file:
        file.seek(-1, 2)
        ended = file.read(1) in b"\r\n"
    return "\n" in cell or "\r" in cell or (not ended and _odd_quotes(path))


def _odd_quotes(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - SAMPLE_BYTES))
        return file.read().splitlines()[-1].count(b'"') % 2 == 1


def _check_utf8(path: Path, size: int) -> None:
    """Check the first `size` bytes of a file."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    with open(path, "rb") as file:
        while offset < size and (block := file.read(BLOCK_BYTES)):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _not_utf8(path, offset - pending + error.start) from error
            if b"\0" in block:
                at = offset + block.index(b"\0")
                detail = f"has a NUL byte at offset {at}: this is not CSV, or is in UTF-16"
                hint = "save it as UTF-8, for example: iconv -f utf-16le -t utf-8 old.csv > new.csv"
                raise InvalidRequest([Fault("#/data", "csv_not_utf8", detail, hint=hint, location={"byte": at})])
            offset += len(block)
    if (left := len(decoder.getstate()[0])) and offset == path.stat().st_size:
        raise _not_utf8(path, offset - left)


def _not_utf8(path: Path, offset: int) -> InvalidRequest:
    line, left, sure = 1, offset, True
    with open(path, "rb") as file:
        coding = "utf-16" if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "latin1"
        file.seek(0)
        while left:
            block = file.read(min(left, BLOCK_BYTES))
            sure = sure and not any(mark in block for mark in (b'"', b"\n\n", b"\n\r\n"))
            line, left = line + block.count(b"\n"), left - len(block)
    # With quotes or blank lines before it, only the line is sure. The first line is taken for a header.
    location = {"byte": offset, "line": line} | ({"row": line - 2} if sure else {})
    hint = f"save it as UTF-8, for example: iconv -f {coding} -t utf-8 old.csv > new.csv"
    return InvalidRequest(
        [Fault("#/data", "csv_not_utf8", f"is not UTF-8 at byte {offset}", hint=hint, location=location)]
    )
