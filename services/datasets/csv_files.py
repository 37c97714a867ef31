"""Reads CSV: its dialect, and its rows as batches of texts. Bad bytes and ragged rows are named by row and column."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow

from services.datasets.tabulating import MISSING, NUMBER, Batches, check_names
from services.errors import Fault, InvalidRequest

BLOCK_BYTES = 1 << 20
SAMPLE_BYTES = 64 * 1024
MAX_CELL_BYTES = 1 << 20
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str
    header: bool
    encoding: str = "utf-8"


def read(path: Path) -> tuple[Batches, dict[str, Any]]:
    """Return what gives the rows of a CSV file as batches of texts, as often as it is called, and its dialect.

    Raises: InvalidRequest when the file is not UTF-8, is empty, or has rows of different lengths.
    """
    _check_utf8(path)
    with open(path, "rb") as file:
        head = file.read(SAMPLE_BYTES)
        while b"\n" not in head and b"\r" not in head and (more := file.read(SAMPLE_BYTES)):
            head += more  # the names of many columns
    sample = head.decode("utf-8", errors="ignore").removeprefix("\ufeff")
    if not sample.strip():
        raise InvalidRequest([Fault("#/data", "empty", "is empty")])
    dialect, first = _sniff(sample)
    names = first if dialect.header else [f"c{n}" for n in range(len(first))]
    check_names(names)
    return lambda: _batches(path, dialect, names), asdict(dialect)


def _sniff(sample: str) -> tuple[Dialect, list[str]]:
    """Choose the delimiter that gives the first rows the most cells, all rows alike; a row of numbers is no header."""
    lines = io.StringIO(sample, newline="").read().splitlines()[:50]

    def rows(delimiter: str) -> list[list[str]]:
        try:
            return [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return []

    def alike(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in rows(delimiter)]
        common = max(set(widths), key=widths.count, default=0)
        return (widths.count(common) / len(widths) if common > 1 else 0.0, common)

    delimiter = max(DELIMITERS, key=alike)
    first = rows(delimiter)[0] if rows(delimiter) else [sample]
    header = not any(pa.compute.match_substring_regex(pa.array(first), NUMBER).to_pylist())
    return Dialect(delimiter, header), [name.strip() for name in first]


def _batches(path: Path, dialect: Dialect, names: list[str]) -> Iterator[pa.RecordBatch]:
    ragged: list[Fault] = []

    def refuse(row: arrow.InvalidRow) -> str:
        line = row.number or 0
        location = {"row": line - 1 - dialect.header, "line": line} if line else None
        detail = f"a row has {row.actual_columns} cells, the others {row.expected_columns}"
        ragged.append(Fault("#/data", "csv_ragged_row", detail, value=row.text[:80], location=location))
        return "skip"

    try:
        reader = arrow.open_csv(
            path,
            arrow.ReadOptions(
                use_threads=False,  # with threads the numbers of bad rows are not known
                block_size=BLOCK_BYTES,
                column_names=names,
                skip_rows_after_names=int(dialect.header),
            ),
            arrow.ParseOptions(delimiter=dialect.delimiter, invalid_row_handler=refuse, newlines_in_values=True),
            arrow.ConvertOptions(
                column_types={name: pa.string() for name in names}, null_values=MISSING, strings_can_be_null=True
            ),
        )
        yield from reader
    except pa.ArrowInvalid as error:
        words = str(error)
        if "Empty CSV" in words:
            return
        detail = "can't be read: " + words.split("\n")[0][:200]
        raise InvalidRequest([Fault("#/data", "csv_unreadable", detail)]) from error
    if ragged:
        raise InvalidRequest(ragged)


def _check_utf8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _not_utf8(path, offset - pending + error.start) from error
            if b"\0" in block:
                at = offset + block.index(b"\0")
                detail = f"has a NUL byte at offset {at}: this is no CSV, or one in UTF-16"
                raise InvalidRequest([Fault("#/data", "csv_not_utf8", detail, location={"byte": at})])
            offset += len(block)
    if decoder.getstate()[0]:
        raise _not_utf8(path, offset - len(decoder.getstate()[0]))


def _not_utf8(path: Path, offset: int) -> InvalidRequest:
    with open(path, "rb") as file:
        before = file.read(offset)
    line = before.count(b"\n") + 1
    location = {"byte": offset, "line": line, "row": line - 2}
    hint = "save it as UTF-8, for example: iconv -f latin1 -t utf-8 old.csv > new.csv"
    return InvalidRequest(
        [Fault("#/data", "csv_not_utf8", f"is not UTF-8 at byte {offset}", hint=hint, location=location)]
    )
