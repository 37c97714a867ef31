"""Checks of the data part that need no table: one source, rows of one width, as many targets as rows."""

from collections.abc import Sequence
from typing import Any

from services.errors import Fault
from services.specs.data import SOURCES, Data


def inline_faults(data: Data) -> list[Fault]:
    """Return every fault of the source and of the shapes of inline rows."""
    given = [key for key in SOURCES if getattr(data, key) is not None]
    faults = []
    if len(given) != 1:
        seen = "none is given" if not given else " and ".join(given) + " are given"
        faults.append(Fault("#/data", "one_source", f"needs exactly one of dataset, builtin or x; {seen}"))
    for x, y in (("x", "y"), ("x_val", "y_val")):
        faults += _pair_faults(data, x, y)
    if data.x is None and data.x_val is not None:
        faults.append(Fault("#/data/x", "missing", "is missing, but x_val is given"))
    if data.x:
        faults += _ragged("x", data.x, len(data.x[0]))
        faults += _ragged("x_val", data.x_val or [], len(data.x[0]))
    kinds = _kinds([*(data.y or []), *(data.y_val or [])])
    if len(kinds) > 1:
        faults.append(Fault("#/data/y", "mixed_types", f"mixes {' and '.join(sorted(kinds))}; give labels of one kind"))
    elif kinds == {"lists"}:
        wide = next(len(row) for row in [*(data.y or []), *(data.y_val or [])] if isinstance(row, list))
        faults += _ragged("y", data.y or [], wide) + _ragged("y_val", data.y_val or [], wide)
    return faults


def _pair_faults(data: Data, x: str, y: str) -> list[Fault]:
    rows, targets = getattr(data, x), getattr(data, y)
    if rows is None and targets is None:
        return []
    if rows is None or targets is None:
        absent, present = (x, y) if rows is None else (y, x)
        return [Fault(f"#/data/{absent}", "missing", f"is missing, but {present} is given")]
    if len(rows) != len(targets):
        detail = f"has {len(targets)} values, but {x} has {len(rows)} rows"
        return [Fault(f"#/data/{y}", "length_mismatch", detail)]
    return []


def _ragged(name: str, rows: Sequence[Any], expected: int) -> list[Fault]:
    return [
        Fault(f"#/data/{name}/{n}", "ragged_row", f"has {len(row)} values; expected {expected}, as the first row")
        for n, row in enumerate(rows)
        if len(row) != expected
    ]


def _kinds(values: list[Any]) -> set[str]:
    names = {bool: "true/false", int: "numbers", float: "numbers", str: "texts", list: "lists"}
    return {names[kind] for kind in set(map(type, values))}
