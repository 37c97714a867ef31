"""Rows as a user has them: pandas, polars, Arrow, NumPy, lists. Nothing of these is imported unless it is given."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from itertools import islice
from typing import Any

from batchyard.errors import InvalidTable

NUMBER = (int, float)


@dataclass
class Table:
    """Columns by name, and what they came as."""

    names: list[str]  #: `x0`, `x1`, … where the rows had none
    columns: list[Sequence[Any]]
    kind: str  #: pandas, polars, pyarrow, numpy or list: predictions come back as the same
    named: bool  #: whether the names are the user's
    source: Any = None  #: what was given

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows as lists of plain values; what is not finite is None."""
        for row in zip(*self.columns, strict=True):
            yield [plain(cell) for cell in row]

    def pieces(self, size: int) -> Iterator[list[list[Any]]]:
        """Yield so many rows at a time."""
        rows = self.rows()
        while piece := list(islice(rows, size)):
            yield piece


def table_of(data: Any) -> Table:
    """Return rows as columns by name.

    Raises: InvalidTable saying what to do.
    """
    home = type(data).__module__.split(".")[0]
    if home == "pandas":
        return _of_pandas(data)
    if home == "polars":
        return _of_polars(data)
    if home == "scipy" and hasattr(data, "toarray"):
        raise InvalidTable("Sparse matrices are not supported. Pass rows.toarray(), if that fits into memory.")
    if home == "pyarrow":
        return _of_arrow(data)
    if home == "numpy":
        return _of_numpy(data)
    if isinstance(data, Mapping):
        columns: list[Sequence[Any]] = [list(column) for column in data.values()]
        return _checked(Table(_texts(list(data)), columns, "list", True, data))
    if hasattr(data, "__array__"):
        return _of_numpy(data.__array__())
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _of_list(data)
    raise InvalidTable(
        f"Rows of the type {type(data).__name__} are not supported. Pass a data frame, an array or lists."
    )


def spare_columns(names: Sequence[str], features: Sequence[str], spec: Mapping[str, Any]) -> list[str]:
    """Return the columns that a model does not use; its own target, weights and split are no news to anybody."""
    data, split = spec.get("data") or {}, spec.get("split") or {}
    targets = data.get("target") or []
    known = {*([targets] if isinstance(targets, str) else targets), data.get("weight"), split.get("column")}
    return [name for name in names if name not in features and name not in known]


def ordered(table: Table, features: Sequence[str], spec: Mapping[str, Any] | None = None) -> tuple[Table, list[str]]:
    """Return the columns that a model was trained on, in its order, and what to tell about the rest.

    Raises: InvalidTable naming columns that are missing.
    """
    if not table.named:
        if len(table.names) != len(features):
            raise InvalidTable(
                f"X has {len(table.names)} features, but the model is expecting {len(features)} features as input: "
                f"{', '.join(features[:20])}."
            )
        return table, []
    missing = [name for name in features if name not in table.names]
    if missing:
        raise InvalidTable(missing_text(missing, table.names))
    told = []
    if spare := spare_columns(table.names, features, spec or {}):
        told.append(f"not used, the model was not trained on them: {', '.join(spare[:20])}")
    if [name for name in table.names if name in features] != list(features):
        told.append("the columns are in a different order from training; they were reordered by name")
    by_name = dict(zip(table.names, table.columns, strict=True))
    return Table(list(features), [by_name[name] for name in features], table.kind, True, table.source), told


def missing_text(missing: Sequence[str], present: Sequence[str]) -> str:
    """Return the sentence for columns that are not there."""
    named = []
    for name in missing[:10]:
        near = [one for one in present if one.casefold() == name.casefold()] or get_close_matches(name, present, 1)
        named.append(f"{name!r} (is it {near[0]!r}?)" if near else repr(name))
    many = "columns are" if len(missing) > 1 else "column is"
    return f"{len(missing)} {many} missing: {', '.join(named)}. Add or rename, then predict again."


def like(values: list[Any], table: Table, name: str = "prediction") -> Any:
    """Return values as the kind that the rows came as; pandas keeps its index. Several targets give several columns."""
    wide = bool(values) and isinstance(values[0], list)
    if table.kind == "list":
        return values
    if table.kind == "pandas":
        import pandas

        names = {"columns": [f"{name}{n}" for n in range(len(values[0]))]} if wide else {"name": name}
        make = pandas.DataFrame if wide else pandas.Series
        return make(values, index=getattr(table.source, "index", None), **names)
    if table.kind == "polars":
        import polars

        if wide:
            return polars.DataFrame({f"{name}{n}": column for n, column in enumerate(zip(*values, strict=True))})
        return polars.Series(name, values)
    if table.kind == "pyarrow":
        import importlib

        return importlib.import_module("pyarrow").array(values)
    import numpy

    return numpy.asarray(values)


def plain(cell: Any) -> Any:
    """Return a cell as JSON has it.

    Raises: InvalidTable when it is no number, text, boolean, date or list of them.
    """
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else _not_finite(cell)
    if isinstance(cell, datetime | date):
        # pandas' NaT is a datetime that equals nothing, itself included.
        return cell.isoformat() if cell == cell else None
    if isinstance(cell, list | tuple):
        return [plain(inner) for inner in cell]
    if hasattr(cell, "tolist"):
        return plain(cell.tolist())
    if type(cell).__name__ in {"NAType", "NaTType"}:
        return None
    if type(cell).__name__ == "Decimal":
        return plain(float(cell))
    raise InvalidTable(
        f"A cell holds an object of type {type(cell).__name__}; only numbers, texts, booleans and dates can be sent. "
        "Leave its column out, or make it text: df[name] = df[name].astype(str)"
    )


def _not_finite(cell: float) -> None:
    if math.isinf(cell):
        raise InvalidTable("Input X contains infinity. Replace it by a number, or by NaN for a missing value.")


def _of_pandas(data: Any) -> Table:
    if data.ndim == 1:
        data = data.to_frame(name=data.name if data.name is not None else "x0")
    if data.columns.nlevels > 1:
        raise InvalidTable(
            "The columns are a MultiIndex. Flatten them: df.columns = ['_'.join(map(str, c)) for c in df.columns]"
        )
    names = list(data.columns)
    # A frame made of an array has the numbers 0, 1, … for names: it has none.
    named = names != list(range(len(names))) or not names
    columns = [data.iloc[:, n].tolist() for n in range(len(names))]
    return _checked(Table(_texts(names) if named else _numbered(len(names)), columns, "pandas", named, data))


def _of_polars(data: Any) -> Table:
    if hasattr(data, "collect"):
        data = data.collect()
    if not hasattr(data, "columns"):
        data = data.to_frame()
    columns = [data[name].to_list() for name in data.columns]
    return _checked(Table(list(data.columns), columns, "polars", True, data))


def _of_arrow(data: Any) -> Table:
    if not hasattr(data, "column_names"):
        if not hasattr(data, "schema"):
            return _checked(Table(["x0"], [data.to_pylist()], "pyarrow", False, data))
        data = data.read_all()
    columns = [data.column(n).to_pylist() for n in range(data.num_columns)]
    return _checked(Table(list(data.column_names), columns, "pyarrow", True, data))


def _of_numpy(data: Any) -> Table:
    if data.dtype.kind == "c":
        raise InvalidTable("Complex data not supported: split it into real and imaginary columns.")
    if data.ndim == 0:
        raise InvalidTable("Expected 2D array, got scalar array instead. Pass [[value]] for one row of one column.")
    if data.ndim == 1:
        raise InvalidTable(
            "Expected 2D array, got 1D array instead. Reshape your data: rows.reshape(-1, 1) if it is one column, "
            "rows.reshape(1, -1) if it is one row."
        )
    if data.ndim > 2:
        columns: list[Sequence[Any]] = [data.tolist()]
        return Table(["x"], columns, "numpy", False, data)
    columns = [data[:, n].tolist() for n in range(data.shape[1])]
    return _checked(Table(_numbered(data.shape[1]), columns, "numpy", False, data))


def _of_list(data: Sequence[Any]) -> Table:
    if not data:
        raise InvalidTable("There are no rows. Pass at least one.")
    if all(isinstance(row, Mapping) for row in data):
        names = _texts(list(data[0]))
        return _checked(Table(names, [[row.get(name) for row in data] for name in names], "list", True, data))
    rows = [row.tolist() if hasattr(row, "tolist") else row for row in data]
    if not all(isinstance(row, list | tuple) for row in rows):
        raise InvalidTable("Each row must be a list of values; for one column pass [[1], [2], …].")
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        odd = next(n for n, row in enumerate(rows) if len(row) != len(rows[0]))
        raise InvalidTable(f"Row {odd} has {len(rows[odd])} values, row 0 has {len(rows[0])}. Make them equal.")
    return _checked(Table(_numbered(widths.pop()), [list(c) for c in zip(*rows, strict=True)], "list", False, data))


def _checked(table: Table) -> Table:
    doubled = sorted({name for name in table.names if table.names.count(name) > 1}) if table.named else []
    if doubled:
        raise InvalidTable(f"Columns have the same name: {', '.join(doubled[:10])}. Rename or drop all but one.")
    if len({len(column) for column in table.columns}) > 1:
        raise InvalidTable("The columns differ in length. Make them equal.")
    for name, column in zip(table.names, table.columns, strict=True):
        _check_mixed(name, column)
    return table


def _check_mixed(name: str, column: Sequence[Any]) -> None:
    kinds: dict[str, Any] = {}
    for cell in column:
        if cell is None or cell != cell:
            continue
        word = "text" if isinstance(cell, str) else "number" if isinstance(cell, NUMBER) else type(cell).__name__
        kinds.setdefault("boolean" if isinstance(cell, bool) else word, cell)
        if "text" in kinds and len(kinds) > 1:
            shown = " and ".join(f"{word} ({value!r})" for word, value in kinds.items())
            raise InvalidTable(
                f"Column {name!r} mixes {shown}. Make it one type, such as df[{name!r}] = df[{name!r}].astype(str)."
            )


def _texts(names: list[Any]) -> list[str]:
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise InvalidTable(
            f"Column names must be text; {odd[0]!r} is a {type(odd[0]).__name__}. df.columns = df.columns.astype(str)"
        )
    return names


def _numbered(count: int) -> list[str]:
    return [f"x{n}" for n in range(count)]
