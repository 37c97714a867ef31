"""Says where a CSV file is wrong: a slow, exact pass with Python's reader, made only when the fast one gave up."""

import csv
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.errors import Fault, InvalidRequest

MAX_CELL_BYTES = 128 * 1024  #: the limit of Python's reader, so that both passes agree
MAX_COUNTED = 10_000  #: ragged rows are counted up to here
MAX_DIAGNOSIS_S = 1.5  #: a fault further on than one can read in this time is reported without its place


def diagnose(path: Path, delimiter: str, width: int, *, header: bool) -> list[Fault]:
    """Return the ragged rows, the quote that never closes or the cell that is too long; nothing if all is well.

    Only the first faults are described; the list repeats the last of them so that its length is their number.
    """
    faults: list[Fault] = []
    total, line, row = 0, 1, -int(header)
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for cells in within(reader, MAX_DIAGNOSIS_S):
                if cells and len(cells) != width:
                    if not total and len(cells) > width and (remark := _remark(path)):
                        return [remark]  # all that follows follows from it
                    total += 1
                    if len(faults) < InvalidRequest.SHOWN:
                        faults.append(_ragged(row, line, cells, width))
                row += bool(cells)
                line = reader.line_num + 1
                if total == MAX_COUNTED:
                    break
        except csv.Error as error:
            return [*faults, _broken(str(error), row, line, reader.line_num)]
    return faults + faults[-1:] * (total - len(faults))


def lines_of(path: Path, delimiter: str, rows: set[int], *, header: bool) -> dict[int, int]:
    """Return the lines, from 1, on which rows, from 0, begin; blank lines and newlines in quotes are counted."""
    found: dict[int, int] = {}
    line, row = 1, -int(header)
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for cells in within(reader, MAX_DIAGNOSIS_S):
                if cells and row in rows:
                    found[row] = line
                if len(found) == len(rows):
                    break
                row += bool(cells)
                line = reader.line_num + 1
        except csv.Error:
            return found
    return found


def within(rows: Iterable[list[str]], seconds: float) -> Iterator[list[str]]:
    """Yield rows until the time is over."""
    end = time.monotonic() + seconds
    for n, row in enumerate(rows):
        if n % 256 == 0 and time.monotonic() > end:
            return
        yield row


def _remark(path: Path) -> Fault | None:
    """Return the fault of a comment in the first line, which is read as the names of the columns."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        if file.read(1) != "#":
            return None
    detail = "line 1 begins with #: remove such lines; the first line has to name the columns"
    return Fault("#/data", "csv_comment", detail, location={"line": 1})


def _ragged(row: int, line: int, cells: list[str], width: int) -> Fault:
    detail = f"line {line} has {len(cells)} {'cell' if len(cells) == 1 else 'cells'}, the first line {width}"
    hint = "put a cell that contains the delimiter in quotes"
    if len(cells) == width + 1 and not cells[-1].strip():
        hint = "the line ends with a delimiter: remove it, or name one more column"
    return Fault("#/data", "csv_ragged_row", detail, hint=hint, location={"row": row, "line": line})


def _broken(words: str, row: int, line: int, reached: int) -> Fault:
    location = {"row": row, "line": line}
    if "field larger" in words and reached <= line:
        detail = f"line {line} has a cell of more than {MAX_CELL_BYTES} bytes"
        return Fault("#/data", "csv_cell_too_long", detail, location=location)
    if "unexpected end" in words or "field larger" in words:
        detail = f"in the row at line {line}, a quote opens but never closes"
        hint = "write a quote inside a quoted cell twice"
        return Fault("#/data", "csv_unclosed_quote", detail, hint=hint, location=location)
    detail = f"in the row at line {line}, there is something between a closing quote and the next delimiter"
    hint = "write a quote inside a quoted cell twice"
    return Fault("#/data", "csv_unreadable", detail, hint=hint, location=location)
