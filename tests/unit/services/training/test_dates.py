"""Date-times as inputs: days like a number, and points on circles, as NumPy's calendar has them."""

import numpy as np

from services.columns import Column, TableInfo
from services.dates import days_since_epoch
from services.specs.schema.data import HashSplit
from services.training.input.preprocessing import Preprocessing
from services.training.input.split import split
from tests.make import make_spec

ORIGIN = days_since_epoch("2024-01-01")
CELLS = np.arange(0, 800, 0.25, dtype=np.float32)


def fitted(cells: np.ndarray, missing: int = 0) -> np.ndarray:
    """The inputs of a column of days."""
    column = Column("t", "datetime", missing=missing, min=0.0, max=float(np.nanmax(cells)), origin=ORIGIN)
    info = TableInfo(len(cells), [column, Column("y", "number")])
    spec, _, _ = make_spec()
    data = spec.data.model_copy(update={"features": ["t"], "target": "y", "scale": "standard"})
    table = np.stack([cells, cells], 1)
    made = Preprocessing.fitted(spec.model_copy(update={"data": data}), info, table)
    assert made.width == made.features(table[:, :1]).shape[1]
    return made.features(table[:, :1]).numpy()


def test_days_are_scaled_and_hours_weekdays_and_seasons_are_points_on_circles() -> None:
    found = fitted(CELLS)
    stamps = np.datetime64("2024-01-01") + (CELLS.astype(np.float64) * 24).astype("timedelta64[h]")

    assert np.allclose(found[:, 0], (CELLS - CELLS.mean()) / CELLS.std(), atol=1e-5)
    hours = (stamps - stamps.astype("datetime64[D]")) / np.timedelta64(1, "h")
    # The days since a Monday, of which all Mondays have a remainder of 0.
    weekdays = np.array([stamp.item().weekday() for stamp in stamps]) + hours / 24
    for n, turn in ((1, hours / 24), (3, weekdays / 7)):
        assert np.allclose(found[:, n], np.sin(2 * np.pi * turn), atol=1e-4)
        assert np.allclose(found[:, n + 1], np.cos(2 * np.pi * turn), atol=1e-4)
    assert np.allclose(found[:400, 5:], found[1461 : 1461 + 400, 5:], atol=0.01)  # a year of 365.25 days later


def test_a_missing_time_is_the_mean_and_an_input_says_so() -> None:
    cells = CELLS.copy()
    cells[3] = np.nan
    found = fitted(cells, missing=1)

    assert abs(found[3, 0]) < 1e-5
    assert found[:5, -1].tolist() == [0, 0, 0, 1, 0]


def test_a_split_by_hash_leaves_days_where_they_are_when_times_and_older_days_come_in() -> None:
    def validates(stamps: list[str]) -> set[str]:
        days = np.array([days_since_epoch(stamp) for stamp in stamps])
        origin = float(np.floor(days.min()))
        whole = bool((np.floor(days) == days).all())
        column = Column("t", "datetime", min=0.0, max=float(days.max()) - origin, whole=whole, origin=origin)
        info = TableInfo(len(stamps), [column])
        spec, _, _ = make_spec()
        by_day = spec.model_copy(update={"split": HashSplit(column="t", validation=0.3)})
        parts = split(by_day, info, (days - origin).astype(np.float32)[:, None])
        return {stamp[:10] for stamp, is_there in zip(stamps, parts.validation, strict=True) if is_there}

    dates = [f"2025-02-{day:02}" for day in range(1, 29)]
    more = [*dates, "2021-07-03T08:30:00Z", *[f"{date}T09:00:00Z" for date in dates]]

    assert 0 < len(validates(dates)) < 28
    assert validates(more) - {"2021-07-03"} == validates(dates)
