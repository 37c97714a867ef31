"""What is wrong with the columns that a spec names."""

import math

from services.columns import Column, TableInfo
from services.errors import Fault
from services.specs.parse.faults import closest
from services.specs.schema.data import ColumnOptions


def unknown_column(pointer: str, name: str, info: TableInfo) -> list[Fault]:
    """Return the fault of a column that the data has not."""
    if name in info.names:
        return []
    near = closest(name, info.names)
    detail = f"{name!r} is not a column of the data"
    return [Fault(pointer, "unknown_column", detail, value=name, suggestion=near, allowed=info.names[:100])]


def missing_faults(column: Column) -> list[Fault]:
    """Return the fault of a target, weight or split column with cells that have no value."""
    if not column.missing:
        return []
    row = column.first_missing
    detail = f"column {column.name!r} has {column.missing} empty cells, the first in row {row}"
    hint = "fill them in or leave those rows out; only features may have missing values"
    if column.type == "category":
        hint += (
            ". If NA or None is a value of its own, upload the CSV again with ?na_values= and name only what is missing"
        )
    return [Fault("#/data", "missing_values", detail, hint=hint, location={"row": row, "column": column.name})]


def feature_faults(column: Column, chosen: ColumnOptions) -> list[Fault]:
    """Return why a column can't be a feature."""
    if column.type == "category" and column.values is None:
        return [
            Fault("#/data", "too_many_values", f"column {column.name!r} has too many different values to learn from")
        ]
    return missing_faults(column) if chosen.missing == "error" else []


def option_faults(columns: dict[str, ColumnOptions], features: list[str], info: TableInfo) -> list[Fault]:
    """Return the faults of `data.columns`."""
    faults = []
    for name, chosen in columns.items():
        pointer = f"#/data/columns/{name}"
        if chosen.type == "tensor":
            continue
        if chosen.shape is not None:
            faults.append(Fault(f"{pointer}/shape", "invalid", "is for columns of type tensor"))
        if name not in info.names:
            faults += unknown_column(pointer, name, info)
            continue
        column = info.column(name)
        if name not in features:
            faults.append(Fault(pointer, "invalid", f"{name!r} is not a feature, so it takes no options"))
        elif (chosen.type == "datetime") != (column.type == "datetime") and chosen.type != "auto":
            holds = "holds dates or times" if column.type == "datetime" else "does not hold dates or times"
            faults.append(Fault(f"{pointer}/type", "wrong_type", f"{name!r} {holds}"))
        elif chosen.type == "category" and column.values is None:
            faults.append(Fault(f"{pointer}/type", "too_many_values", f"{name!r} has too many values for categories"))
        elif chosen.type == "number" and column.type != "number":
            faults.append(Fault(f"{pointer}/type", "wrong_type", f"{name!r} does not hold numbers"))
        if chosen.missing == "constant" and chosen.fill is None:
            faults.append(Fault(f"{pointer}/fill", "missing", "is missing: the constant for missing values"))
    return faults


def tensor_columns(
    columns: dict[str, ColumnOptions], tensors: list[str], info: TableInfo
) -> tuple[list[str], list[Fault]]:
    """Return the columns that a tensor's values stand in, in order, and what is wrong with them."""
    name = tensors[0]
    pointer, shape = f"#/data/columns/{name}", columns[name].shape
    if len(tensors) > 1 or len(columns) > 1:
        return [], [Fault("#/data/columns", "invalid", f"a tensor such as {name!r} must be the only feature of a job")]
    if shape is None:
        return [], [Fault(f"{pointer}/shape", "missing", "is missing: the tensor's shape")]
    found = sorted(
        (n for n in info.names if n.startswith(name) and n[len(name) :].isdigit()), key=lambda n: (len(n), n)
    )
    if not found:
        return [], unknown_column(pointer, f"{name}0", info)
    if len(found) != math.prod(shape):
        detail = f"has {math.prod(shape)} values; there are {len(found)} columns {found[0]} to {found[-1]}"
        return found, [Fault(f"{pointer}/shape", "shape_mismatch", detail)]
    texts = [n for n in found if info.column(n).type != "number"]
    return found, [Fault(pointer, "wrong_type", f"column {n!r} does not hold numbers") for n in texts[:1]]


def weight_faults(name: str, targets: list[str], info: TableInfo) -> list[Fault]:
    """Return why a column can't weigh the rows."""
    column = info.column(name)
    if name in targets:
        return [Fault("#/data/weight", "invalid", f"{name!r} is the target")]
    if column.type != "number":
        return [Fault("#/data/weight", "wrong_type", f"column {name!r} does not hold numbers")]
    if (column.min or 0.0) < 0 or not column.max:
        return [Fault("#/data/weight", "out_of_range", f"column {name!r} has negative weights, or none above 0")]
    return []
