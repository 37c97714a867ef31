"""Reads JSON Lines: an object a line, the keys of the first one the columns. Holds a batch of rows at a time."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from services.datasets.table_limits import TableLimits
from services.datasets.tabulation import Batches, check_names
from services.errors import Fault, InvalidRequest
from services.specs.parse.json_size import count_values

BATCH_CELLS = 131_072
BATCH_BYTES = 16 << 20
MAX_LINE_BYTES = 16 << 20
FIRST_ROW = "name every key in the first row, null where it has no value"
KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a text"}
TYPES = {"a boolean": pa.bool_(), "a number": pa.float64(), "a text": pa.string()}


def read(path: Path, limits: TableLimits) -> Batches:
    """Return what gives the rows of a JSON Lines file. A key that a row lacks is a missing value.

    Raises: InvalidRequest naming the line that is no object, has a key that the first has not, or a value of another
    type than the rows above; TooLarge.
    """
    return lambda: _batches(path, limits)


def with_lines(faults: list[Fault], path: Path) -> list[Fault]:
    """Return faults with the lines of their rows; blank lines are no rows."""
    rows = {fault.location["row"] for fault in faults if fault.location and "line" not in fault.location}
    if not rows:
        return faults
    lines = {row: line for row, (line, _) in enumerate(_lines(path)) if row in rows}
    return [
        replace(fault, location={"line": lines[fault.location["row"]]} | fault.location)
        if fault.location and fault.location.get("row") in lines
        else fault
        for fault in faults
    ]


def _batches(path: Path, limits: TableLimits) -> Iterator[pa.RecordBatch]:
    columns: dict[str, list[Any]] = {}
    kinds: dict[str, str] = {}
    size = held = 0
    for row, (line, raw) in enumerate(_lines(path)):
        limits.check_columns(count_values(raw))
        cells = _object(raw, row, line)
        if not row:
            check_names(list(cells), limits)
            columns = {name: [] for name in cells}
        if extra := next((name for name in cells if name not in columns), None):
            detail = f"line {line} has the key {extra[:80]!r}, which the first row does not have"
            raise _refused("unknown_column", detail, _place(row, line, extra), hint=FIRST_ROW)
        for name, column in columns.items():
            column.append(_cell(cells.get(name), name, kinds, row, line))
        size, held = size + len(raw), held + len(columns)
        if held >= BATCH_CELLS or size >= BATCH_BYTES:
            yield _batch(columns, kinds)
            columns = {name: [] for name in columns}
            size = held = 0
    if any(columns.values()):
        yield _batch(columns, kinds)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    with open(path, "rb") as file:
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                detail = f"line {number} has more than {MAX_LINE_BYTES} bytes"
                raise InvalidRequest([Fault("#/data", "too_long", detail, location={"line": number})])
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.strip():
                yield number, raw


def _object(raw: bytes, row: int, line: int) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        hint = (
            "write null for what is not a number"
            if re.search(rb"NaN|Infinity", raw)
            else "each line must hold one object"
        )
        detail = f"line {line} is not valid JSON at column {error.colno}"
        raise _refused("unreadable", detail, _place(row, line), hint=hint) from error
    if not isinstance(found, dict):
        raise _refused("wrong_type", f"line {line} is not an object", _place(row, line))
    return found


def _cell(value: Any, name: str, kinds: dict[str, str], row: int, line: int) -> Any:
    if value is None:
        return None
    kind = KINDS.get(type(value))
    if kind is None:
        detail = f"line {line} has a list or an object as {name[:80]!r}; numbers, texts and booleans are read"
        raise _refused("wrong_type", detail, _place(row, line, name), hint="write a key for each value in it")
    if kinds.setdefault(name, kind) != kind:
        detail = f"line {line} has {kind} as {name[:80]!r}, the rows above {kinds[name]}"
        raise _refused(
            "bad_value", detail, _place(row, line, name), hint="write one kind of value for a key in all rows"
        )
    return float(value) if kind == "a number" else value


def _batch(columns: dict[str, list[Any]], kinds: dict[str, str]) -> pa.RecordBatch:
    arrays = [pa.array(cells, TYPES[kinds[name]] if name in kinds else pa.null()) for name, cells in columns.items()]
    return pa.record_batch(arrays, names=list(columns))


def _refused(code: str, detail: str, location: dict[str, Any], hint: str | None = None) -> InvalidRequest:
    return InvalidRequest([Fault("#/data", code, detail, hint=hint, location=location)])


def _place(row: int, line: int, column: str | None = None) -> dict[str, Any]:
    return {"row": row, "line": line} | ({"column": column} if column else {})
