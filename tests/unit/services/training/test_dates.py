"""Date-times as inputs: days like a number, and points on circles, as NumPy's calendar has them."""

import numpy as np

from services.specs.columns import Column, TableInfo
from services.specs.dates import days_since_epoch
from services.training.preprocessing import Preprocessing
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
