"""Checks of the data part that need no table: one source, rows of one width, as many targets as rows."""

from collections.abc import Sequence
from typing import Any

from services.errors import Fault, InvalidRequest
from services.specs.schema.data import SOURCES, Data

#: Features and targets of the training, the validation and the test rows.
PAIRS = (("x", "y"), ("x_val", "y_val"), ("x_test", "y_test"))


def plugin_faults(pointer: str, name: str, allowed: Sequence[str]) -> list[Fault]:
    """Return the fault of a plug-in that the operator does not allow."""
    if name in allowed:
        return []
    detail = f"{name!r} is not a plug-in that the operator allows"
    return [Fault(pointer, "unknown_value", detail, name, allowed=list(allowed))]


def inline_faults(data: Data) -> list[Fault]:
    """Return every fault of the source and of the shapes of inline rows."""
    given = [key for key in SOURCES if getattr(data, key) is not None]
    faults = []
    if len(given) != 1:
        seen = "none is given" if not given else " and ".join(given) + " are given"
        faults.append(Fault("#/data", "one_source", f"needs exactly one of dataset, builtin, x or plugin; {seen}"))
    for x, y in PAIRS:
        faults += _pair_faults(data, x, y)
    for x, _ in PAIRS[1:]:
        if data.x is None and getattr(data, x) is not None:
            faults.append(Fault("#/data/x", "missing", f"is missing, but {x} is given"))
    if data.x:
        for x, _ in PAIRS:
            faults += _ragged(x, getattr(data, x) or [], len(data.x[0]))
    targets = [target for _, y in PAIRS for target in getattr(data, y) or []]
    kinds = _kinds(targets)
    if len(kinds) > 1:
        faults.append(Fault("#/data/y", "mixed_types", f"mixes {' and '.join(sorted(kinds))}; use labels of one kind"))
    elif kinds == {"lists"}:
        wide = len(targets[0])
        for _, y in PAIRS:
            faults += _ragged(y, getattr(data, y) or [], wide)
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
    odd = [n for n, row in enumerate(rows) if len(row) != expected]
    faults = [
        Fault(f"#/data/{name}/{n}", "ragged_row", f"has {len(rows[n])} values; expected {expected}, as the first row")
        for n in odd[: InvalidRequest.SHOWN]
    ]
    return faults + faults[-1:] * (len(odd) - len(faults))  # the others are counted, not described


def _kinds(values: list[Any]) -> set[str]:
    names = {bool: "true/false", int: "numbers", float: "numbers", str: "texts", list: "lists"}
    return {names[kind] for kind in set(map(type, values))}
