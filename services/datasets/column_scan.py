"""What one pass over a column's cells finds out: what they are, their range, their values, and what is wrong."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.cell_texts import BOOLEANS, NUMBER
from services.columns import Column
from services.datasets.disguised_numbers import count_dates, count_disguised, count_leading_zeros
from services.datasets.exactness import LAST_WHOLE, told_apart
from services.datasets.timestamps import days, is_time
from services.errors import Fault

MAX_VALUE_CHARACTERS = 1_000  #: a column with a longer text can't be learnt from; a prediction could not ask for it
MAX_VALUES = 1_000  #: distinct values that are kept; a text column with more can't be learnt from
WHOLE_NUMBER = re.compile("-?[1-9][0-9]*|0")
NUMBERS_SHARE = 0.9  #: from this share of numbers on, a text among them is a fault and not a category
MAX_FLOAT32 = float(np.finfo(np.float32).max)
MAX_CODES, MIN_CODE_ROWS = 20, 5  #: large numbers of so few values, each so often, are codes
MOST_MARK = 4  #: characters of a text that may stand for a missing value, as - or n.a. do
HINT = "fix the cell, or leave it empty if there is no value"


@dataclass
class Scan:
    """What the first pass has seen of one column."""

    name: str
    guess: bool  #: texts may be numbers or booleans in disguise, as in a CSV
    wanted: str | None = None  #: number or category, if the user says so
    zeros: int = 0  #: whole numbers with leading zeros
    disguised: int = 0  #: texts that are numbers with signs or separators
    dates: int = 0  #: texts that are dates or times in another form
    rows: int = 0
    missing: int = 0
    first_missing: int | None = None
    numbers: int = 0
    texts: int = 0
    first_text: tuple[int, str] | None = None
    first_beyond: tuple[int, str] | None = None  #: a number that the float32 table can't hold
    booleans: int = 0
    times: int = 0
    may_be_times: bool = True
    first_untimely: tuple[int, str] | None = None  #: a text among dates and times
    low: float = np.inf
    high: float = -np.inf
    total: float = 0.0
    whole: bool = True
    values: dict[Any, int] = field(default_factory=dict)
    too_many: bool = False

    def look(self, cells: pa.Array) -> None:
        """Take in the cells of one batch."""
        if pa.types.is_floating(cells.type):
            cells = pc.if_else(pc.is_nan(cells), None, cells)
        empty = cells.is_null()
        if cells.null_count and self.first_missing is None:
            self.first_missing = self.rows + empty.index(True).as_py()
        self.missing += cells.null_count
        there = cells.drop_null()
        if pa.types.is_boolean(cells.type):
            self.booleans += len(there)
            self._count(there)
        elif is_time(cells.type):
            self._take_times(cells)
        elif is_text(cells.type):
            self._look_at_texts(cells, there)
            if self.may_be_times and self.wanted is None and len(there):
                self._take_times(cells)
        else:
            self._take_numbers(floats(cells))
            whole = pa.types.is_integer(there.type)
            self._count(there if whole else there.cast(pa.float64(), safe=False))
        self.rows += len(cells)

    def _look_at_texts(self, cells: pa.Array, there: pa.Array) -> None:
        as_texts = not self.guess or self.wanted == "category"
        is_number = pa.array([False] * len(there)) if as_texts else pc.match_substring_regex(there, NUMBER)
        if self.guess:
            self.zeros += count_leading_zeros(there)
            self.disguised += count_disguised(there)
            self.dates += count_dates(there)
        numbers = pc.filter(there, is_number)
        self.texts += len(there) - len(numbers)
        if self.first_text is None and len(numbers) < len(there):
            positions = pc.indices_nonzero(cells.is_valid())
            at = is_number.index(False).as_py()
            self.first_text = (self.rows + positions[at].as_py(), there[at].as_py())
        if self.guess and not self.too_many and self.wanted is None:
            self.booleans += pc.sum(pc.is_in(there, pa.array(list(BOOLEANS)))).as_py() or 0
        if len(numbers):
            # At their places among all cells, so that a number of no use is named by its row.
            places = pc.fill_null(pc.match_substring_regex(cells, NUMBER), False)
            self._take_numbers(floats(pc.if_else(places, cells, None)))
        self._count(there)

    def _take_numbers(self, cells: np.ndarray) -> None:
        """Take in float64 cells, NaN where there is none."""
        there = cells[~np.isnan(cells)]
        self.numbers += len(there)
        if not len(there):
            return
        low, high = float(there.min()), float(there.max())
        if self.first_beyond is None and max(-low, high) > MAX_FLOAT32:
            at = int(np.flatnonzero(np.abs(cells) > MAX_FLOAT32)[0])
            self.first_beyond = (self.rows + at, str(float(cells[at])))
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.total += float(there.sum())
        self.whole = self.whole and bool((np.floor(there) == there).all())

    def _take_times(self, cells: pa.Array) -> None:
        found = days(cells)
        bad = np.flatnonzero(np.isnan(found) & cells.is_valid().to_numpy(zero_copy_only=False))
        there = found[~np.isnan(found)]
        self.times += len(there)
        if len(bad) and self.first_untimely is None:
            self.first_untimely = (self.rows + int(bad[0]), str(cells[int(bad[0])].as_py()))
        self.may_be_times = self.times >= NUMBERS_SHARE * (self.rows + len(cells) - self.missing)
        if len(there):
            self.low, self.high = min(self.low, float(there.min())), max(self.high, float(there.max()))
            self.total += float(there.sum())
            self.whole = self.whole and bool((np.floor(there) == there).all())

    def _count(self, there: pa.Array) -> None:
        if self.too_many or not len(there):
            return
        if is_text(there.type) and (pc.max(pc.utf8_length(there)).as_py() or 0) > MAX_VALUE_CHARACTERS:
            self.too_many, self.values = True, {}
            return
        for entry in there.value_counts():
            value = entry["values"].as_py()
            self.values[value] = self.values.get(value, 0) + entry["counts"].as_py()
        if len(self.values) > 2 * MAX_VALUES:  # as texts, "1" and "1.0" are two
            self.too_many, self.values = True, {}

    def fault(self) -> Fault | None:
        """Return what is wrong with the column: a text among numbers or times, or a number beyond float32."""
        if self.are_times and self.first_untimely:
            return _bad_value(self.name, *self.first_untimely, "is not a date or time such as 2026-11-23T08:30:00Z")
        if self.wanted == "category" or self._are_codes:
            return None
        if self.wanted == "number" and self.texts and self.first_text:
            return _bad_value(self.name, *self.first_text)
        if self.texts and self.numbers < NUMBERS_SHARE * (self.numbers + self.texts):
            return None
        if self.texts and self.first_text and self.numbers:
            row, text = self.first_text
            hint = f"fix the cell or leave it empty; if it is a category, upload it with columns[{self.name}]=category"
            if len(text.strip()) <= MOST_MARK:
                hint += f"; if it means that the value is missing, upload it with na_values={text.strip()}"
            return _bad_value(self.name, row, text, hint=hint)
        if self.first_beyond:
            return _bad_value(self.name, *self.first_beyond, "is too large a number")
        return None

    def column(self) -> Column:
        """Return the column that was seen."""
        missing: dict[str, Any] = {"missing": self.missing, "first_missing": self.first_missing}
        if self.are_times:
            return Column(self.name, "datetime", **missing, **self._times())
        if self.booleans and self.booleans >= self.texts and not self.numbers:
            trues = sum(count for value, count in self.values.items() if BOOLEANS.get(value, value) is True)
            return Column(self.name, "boolean", **missing, values=[False, True], counts=[self.booleans - trues, trues])
        if self._are_codes or (self.wanted == "category" and not self.texts):
            return self._codes(missing)
        if self.texts:
            values = None if self.too_many or len(self.values) > MAX_VALUES else sorted(map(str, self.values))
            counts = None if values is None else [self.values[value] for value in values]
            guess = "disguised_numbers" if self.disguised >= NUMBERS_SHARE * self.texts else None
            guess = "disguised_dates" if self.dates >= NUMBERS_SHARE * self.texts else guess
            guess = guess if self.wanted is None else None
            against = self.numbers + (self.dates if guess == "disguised_dates" else self.disguised)
            column = Column(self.name, "category", **missing, values=values, counts=counts)
            return replace(column, guess=guess, against=against)
        return Column(self.name, "number", **missing, **self._numbers())

    @property
    def _are_codes(self) -> bool:
        """Whether numbers are names: they have leading zeros, or are few, large, and rounded as float32."""
        if self.texts or self.wanted == "number" or self.too_many or not self.numbers or not self.whole:
            return False
        if self.zeros:
            return len(self.values) <= MAX_VALUES
        few = len(self.values) <= MAX_CODES and min(self.values.values()) >= MIN_CODE_ROWS
        large = LAST_WHOLE < max(-self.low, self.high) < 2**53
        return few and large and not told_apart(np.array(sorted(map(float, self.values))), whole=True)

    def _codes(self, missing: dict[str, Any]) -> Column:
        counts: dict[Any, int] = {}
        for value, count in self.values.items():
            code = int(value) if _is_whole(value) else value
            counts[code] = counts.get(code, 0) + count
        values = sorted(counts, key=lambda code: (len(str(code)), str(code)) if isinstance(code, str) else (0, code))
        if any(isinstance(code, str) for code in counts):
            values = sorted(counts, key=str)
        few = not self.too_many and 0 < len(values) <= MAX_VALUES
        column = Column(self.name, "category", **missing, values=values if few else None)
        guess = None if self.wanted else "leading_zeros" if self.zeros else "large_codes"
        return replace(column, counts=[counts[v] for v in values] if few else None, guess=guess, against=self.numbers)

    @property
    def are_times(self) -> bool:
        """Whether the column holds dates and times."""
        return self.may_be_times and self.times > 0

    def _times(self) -> dict[str, Any]:
        origin = float(np.floor(self.low))
        low, high = self.low - origin, self.high - origin
        return {
            "min": low,
            "max": high,
            "mean": self.total / self.times - origin,
            "whole": self.whole,
            "origin": origin,
        }

    def _numbers(self) -> dict[str, Any]:
        if not self.numbers:
            return {}
        found: dict[float, int] = {}
        for value, count in self.values.items():
            number = float(value)
            found[number] = found.get(number, 0) + count
        values = sorted(found)
        few = not self.too_many and len(found) <= MAX_VALUES and told_apart(np.array(values), whole=self.whole)
        return {
            "min": self.low,
            "max": self.high,
            "mean": self.total / self.numbers,
            "whole": self.whole,
            "values": [int(value) if self.whole else value for value in values] if few else None,
            "counts": [found[value] for value in values] if few else None,
        }


def is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def floats(cells: pa.Array) -> np.ndarray:
    """Return numbers, or texts that are numbers, as float64, NaN where there is none."""
    floats = pc.utf8_trim_whitespace(cells) if is_text(cells.type) else cells
    return np.asarray(floats.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _is_whole(value: Any) -> bool:
    """Return whether a value is a whole number that is written as one: 1.0 and 007 come back as they were."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) < 2**53
    return not isinstance(value, str) or WHOLE_NUMBER.fullmatch(value) is not None


def _bad_value(name: str, row: int, text: str, detail: str = "is not a number", hint: str = HINT) -> Fault:
    location = {"row": row, "column": name}
    return Fault("#/data", "bad_value", detail, value=text[:80], hint=hint, location=location)
