"""Dates and times become days, to the second where a table spans months, as NumPy counts them."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from services.datasets.ingest import Ingested, ingest
from services.datasets.table_limits import TableLimits
from services.dates import cycles, days_since_epoch, text_of
from services.errors import InvalidRequest

TEXTS = ["2026-11-23", "2024-02-29 12:00", "2025-01-01T06:30:15Z", "2025-06-01T00:00:00+02:00", "2025-06-01T01:00:00.5"]
#: The same in NumPy's own reading, in UTC.
STAMPS = ["2026-11-23", "2024-02-29T12:00", "2025-01-01T06:30:15", "2025-05-31T22:00", "2025-06-01T01:00:00.500"]


def read(folder: Path, content: bytes, name: str) -> tuple[Ingested, np.ndarray]:
    """Ingest a file; return what was learnt and its table."""
    original, table = folder / "original", folder / "table"
    original.write_bytes(content)
    found = ingest(original, table, name=name, limits=TableLimits())
    return found, np.fromfile(table, "<f4").reshape(found.info.rows, -1)


def as_csv(values: list[Any]) -> bytes:
    """A CSV with a column of values and one of numbers."""
    return ("t,n\n" + "".join(f"{value},{n}\n" for n, value in enumerate(values))).encode()


def days_by_numpy(stamps: list[str]) -> np.ndarray:
    """Days since the first day, float32."""
    days = np.array(stamps, "datetime64[us]").astype(np.int64) / 86_400e6
    return (days - np.floor(days.min())).astype(np.float32)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (as_csv(TEXTS), "a.csv"),
        ("".join(f'{{"t": "{text}", "n": {n}}}\n' for n, text in enumerate(TEXTS)).encode(), "a.jsonl"),
    ],
    ids=["csv", "jsonl"],
)
def test_texts_in_the_form_of_iso_8601_are_days_since_the_first(tmp_path: Path, content: bytes, name: str) -> None:
    found, table = read(tmp_path, content, name)
    column = found.info.column("t")

    assert (column.type, column.origin, column.whole) == ("datetime", days_since_epoch("2024-02-29"), False)
    assert table[:, 0].tolist() == days_by_numpy(STAMPS).tolist()
    assert (column.min, column.max) == (0.5, days_since_epoch("2026-11-23") - days_since_epoch("2024-02-29"))


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([date(2026, 11, 23), None, date(2024, 2, 29)]),
        pa.array([datetime(2026, 11, 23), None, datetime(2024, 2, 29)], pa.timestamp("ns")),
        pa.array([datetime(2026, 11, 23), None, datetime(2024, 2, 29)], pa.timestamp("s", "Europe/Berlin")),
    ],
    ids=["date", "nanoseconds", "a zone"],
)
def test_a_files_own_dates_and_times_are_read(tmp_path: Path, cells: pa.Array) -> None:
    path = tmp_path / "a"
    parquet.write_table(pa.table({"t": cells, "n": [1, 2, 3]}), path)

    found, table = read(tmp_path, path.read_bytes(), "a.parquet")

    column = found.info.column("t")
    assert (column.type, column.missing, column.first_missing, column.whole) == ("datetime", 1, 1, True)
    assert np.isnan(table[1, 0])
    assert table[0, 0] - table[2, 0] == 998
    assert text_of(float(table[0, 0]), column) == "2026-11-23"


@pytest.mark.parametrize("bad", ["2025-02-30", "soon", "20", "2025-13-01"])
def test_a_text_among_dates_is_named_by_its_row(tmp_path: Path, bad: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(tmp_path, as_csv([f"2025-01-{day:02}" for day in range(1, 31)] + [bad]), "a.csv")

    (fault,) = caught.value.faults
    assert (fault.code, fault.value) == ("bad_value", bad)
    assert fault.location == {"row": 30, "line": 32, "column": "t"}


def test_texts_that_are_seldom_dates_are_categories(tmp_path: Path) -> None:
    found, _ = read(tmp_path, as_csv(["red", "2025-01-01", "blue", "red"]), "a.csv")

    assert found.info.column("t").values == ["2025-01-01", "blue", "red"]


@pytest.mark.parametrize(
    ("texts", "periods"),
    [
        (["2025-01-01", "2025-01-05"], []),
        (["2025-01-01 08:00", "2025-01-05 09:30"], [1.0]),
        (["2025-01-01", "2025-01-20"], [7.0]),
        (["2025-01-01 08:00", "2027-01-20 09:00"], [1.0, 7.0, 365.2425]),
    ],
)
def test_only_what_comes_round_again_is_a_cycle(tmp_path: Path, texts: list[str], periods: list[float]) -> None:
    found, _ = read(tmp_path, as_csv(texts), "a.csv")

    assert cycles(found.info.column("t")) == periods


def test_a_time_is_shown_as_exactly_as_its_cell_is(tmp_path: Path) -> None:
    short, table = read(tmp_path, as_csv(["2025-01-01T08:00:07Z", "2025-03-05T09:30:59Z"]), "a.csv")
    assert text_of(float(table[1, 0]), short.info.column("t")) == "2025-03-05T09:30:59Z"

    long, table = read(tmp_path, as_csv(["1999-01-01T08:00:00Z", "2025-03-05T09:31:00Z"]), "a.csv")
    assert text_of(float(table[1, 0]), long.info.column("t")) == "2025-03-05T09:31:00Z"


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31 23:59:59"])
def test_the_last_day_there_is_can_be_shown(tmp_path: Path, end: str) -> None:
    found, table = read(tmp_path, as_csv(["2025-01-01 10:00:00", end]), "a.csv")

    assert text_of(float(table[1, 0]), found.info.column("t")).startswith("9999-12-31")
