"""A CSV that is to be predicted, read row by row as it comes."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from batchyard.errors import InvalidTable


@contextmanager
def csv_rows(named: str) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """Open a CSV; yield its header and its rows.

    Raises: InvalidTable naming the line that is no row of it.
    """
    if named != "-" and Path(named).is_dir():
        raise InvalidTable(f"{named} is a folder. Name one CSV in it.")
    try:
        file = sys.stdin if named == "-" else open(named, newline="", encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidTable(f"There is no file {named}. It must be a CSV with the model's columns.") from None
    with file:
        yield _read(file, named)


def _read(file: IO[str], named: str) -> tuple[list[str], Iterator[list[str]]]:
    try:
        first = file.readline()
        if not first.strip():
            raise InvalidTable(f"{named} is empty. It needs a line of column names and one line per row.")
        if "\0" in first:
            raise InvalidTable(f"{named} is not CSV. Save it as CSV (UTF-8) with a header.")
        delimiter = max(",;\t|", key=first.count)
        header = next(csv.reader([first], delimiter=delimiter))
    except UnicodeDecodeError:
        raise InvalidTable(f"{named} is not CSV in UTF-8. Save it as CSV (UTF-8) with a header.") from None
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise InvalidTable(f"{named}: columns have the same name: {', '.join(doubled)}. Rename all but one.")

    def rows() -> Iterator[list[str]]:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if row and len(row) != len(header):
                    raise InvalidTable(
                        f"{named} line {reader.line_num + 1} has {len(row)} cells, the header {len(header)}."
                    )
                if row:
                    yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidTable(f"{named} line {reader.line_num + 1} can't be read as CSV: {error}.") from error

    return header, rows()
