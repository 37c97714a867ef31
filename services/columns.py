"""What is known of a table without reading it: its columns, as found at ingest."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

INDEX_NAMES = re.compile(r"Unnamed: \d+|__index_level_\d+__")  #: what pandas calls an index without a name
ColumnType = Literal["number", "category", "boolean", "datetime", "tensor"]


@dataclass(frozen=True)
class Column:
    """One column of a data set. Its cells are float32 in the stored table: numbers, days, or positions in `values`.

    The items of a plug-in are in no table: their features are one column of tensors, and nothing is counted.
    """

    name: str
    type: ColumnType
    missing: int = 0  #: cells without a value (NaN in the stored table)
    first_missing: int | None = None  #: the row of the first such cell, counted from 0
    min: float | None = None  #: of numbers and of days only, as are max and mean
    max: float | None = None
    mean: float | None = None
    #: The distinct values, sorted, and how often each occurs. Categories and booleans: all of them, and a cell is a
    #: position in this list. Numbers: only when there are at most 1,000, and the cell is the number itself.
    values: list[Any] | None = None
    counts: list[int] | None = None
    whole: bool = False  #: of numbers and of days: every value is a whole number
    origin: float | None = None  #: date-times only: their cells are days since this day, which is counted from 1970
    shape: list[int] | None = None  #: of the tensors of a plug-in's items
    guess: str | None = None  #: why the type is not what the cells look like at first; see data_warnings.py
    against: int = 0  #: cells that speak against the type
    written: dict[str, Any] | None = None  #: how its cells are written, as far as the user said so; see FileOptions

    def names_rows(self, rows: int) -> bool:
        """Whether the column only names its rows: a run of whole numbers, a text for each, or pandas' index."""
        if INDEX_NAMES.fullmatch(self.name):
            return True
        if self.missing or self.type == "datetime" or (self.counts is not None and max(self.counts, default=0) > 1):
            return False
        if self.type == "category":
            return self.counts is not None and len(self.counts) == rows
        if self.min is None or self.max is None or not self.whole or self.max - self.min != rows - 1:
            return False
        # Of more values than are counted, the mean tells a run from numbers that repeat.
        return self.counts is not None or (self.mean is not None and 2 * self.mean == self.min + self.max)

    @property
    def coded(self) -> bool:
        """Whether a cell stands for its value, as a position in `values` or as days, rather than being it."""
        return self.type != "number"


@dataclass(frozen=True)
class TableInfo:
    """The columns of a data set and how many rows it has."""

    rows: int
    columns: list[Column] = field(default_factory=list)

    def column(self, name: str) -> Column:
        """Return the column of this name; KeyError if there is none."""
        return self._by_name[name]

    # Made once: a table may have thousands of columns, each of which is asked for.
    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]
