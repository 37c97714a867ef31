"""Finds out how a CSV file is written: its delimiter, and whether the first row names the columns."""

import csv
import io
import re
from dataclasses import dataclass
from itertools import pairwise

from services.cell_texts import MISSING, NUMBER
from services.datasets.table_limits import TableLimits
from services.specs.schema.file_options import FileOptions

SAMPLE_ROWS = 50
SAMPLE_CHARACTERS = 1 << 20
QUOTED = re.compile(r'"[^"]*"')
DELIMITERS = ",;\t|"
YEARS = range(1900, 2101)


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str
    header: bool
    encoding: str = "utf-8"


def sniff(sample: str, limits: TableLimits, options: FileOptions, *, whole: bool) -> tuple[Dialect, list[str]]:
    """Return the dialect of a file's beginning, and its first row; `whole` says that nothing follows it.

    The delimiter is the one that gives the first rows the most cells, all rows alike.
    Raises: TooLarge when the first row has too many cells, before they are read.
    """
    candidates = options.delimiter or DELIMITERS
    _check_first_line(sample, limits, candidates)
    lines = list(io.StringIO(sample, newline=""))  # not at the separators that str.splitlines knows
    if not whole and len(lines) > 1:
        lines.pop()  # it is cut
    lines = _few(lines[: SAMPLE_ROWS * 2])
    found = {delimiter: _rows(lines, delimiter) for delimiter in candidates}
    delimiter = max(candidates, key=lambda delimiter: _alike(found[delimiter]))
    rows = found[delimiter][:SAMPLE_ROWS]
    first = [cell.strip() for cell in rows[0]] if rows else [sample.strip()]
    header = is_header(first, rows[1:]) if options.header is None else options.header
    return Dialect(delimiter, header), first


def is_header(first: list[str], below: list[list[str]]) -> bool:
    """Return whether a file's first row names the columns.

    It does if no cell of it is a number, if the rows below are of another kind (a text above numbers, or a number
    above texts), or if its numbers are years in rising order above numbers that are not. Else it is a row of data.
    """
    kinds = [_kind(cell) for cell in first]
    if "number" not in kinds or (len(first) > 1 and first == [str(n) for n in range(len(first))]):
        return True  # texts, or the numbers that pandas gives columns without names
    if not all(first) or len(set(first)) < len(first):
        return False
    columns = [[row[n] for row in below if len(row) == len(first)] for n in range(len(first))]
    for kind, cells in zip(kinds, columns, strict=True):
        others = {_kind(cell) for cell in cells} - {"missing"}
        if others and kind != "missing" and kind not in others:
            return True
    at = [n for n, kind in enumerate(kinds) if kind == "number"]
    return _are_years([first[n] for n in at]) and not any(
        _are_years([row[n] for n in at]) for row in zip(*columns, strict=True)
    )


def _check_first_line(sample: str, limits: TableLimits, candidates: str) -> None:
    line = re.match(r"[^\r\n]*", sample)
    first = line[0] if line else ""
    bare = QUOTED.sub("", first) if '"' in first else first
    limits.check_columns(1 + max(bare.count(delimiter) for delimiter in candidates))


def _few(lines: list[str]) -> list[str]:
    """Return the first lines, fewer of long ones; three at least."""
    size = 0
    for n, line in enumerate(lines):
        size += len(line)
        if n >= 3 and size > SAMPLE_CHARACTERS:
            return lines[:n]
    return lines


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            rows += [row] if row else []
    except csv.Error:
        return rows
    return rows


def _alike(rows: list[list[str]]) -> tuple[float, int]:
    widths = [len(row) for row in rows]
    common = max(set(widths), key=widths.count, default=0)
    return (widths.count(common) / len(widths) if common > 1 else 0.0, common)


def _kind(cell: str) -> str:
    if cell.strip() in MISSING:
        return "missing"
    return "number" if re.match(NUMBER, cell) else "text"


def _are_years(cells: list[str]) -> bool:
    years = [int(cell) for cell in cells if re.fullmatch(r"\s*\d{4}\s*", cell)]
    rising = all(a < b for a, b in pairwise(years))
    return 1 < len(years) == len(cells) and rising and all(year in YEARS for year in years)
