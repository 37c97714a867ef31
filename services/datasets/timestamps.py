"""Reads dates and times: of a file that has such a type, or of texts in the form of ISO 8601."""

from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.dates import days_since_epoch

FORM = r"^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?\s*$"
ZONE = r"(Z|[+-]\d\d:?\d\d)\s*$"
MICROSECONDS = 86_400e6  #: of a day


def is_time(kind: pa.DataType) -> bool:
    """Return whether a file's own type is a date or a time."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def days(cells: pa.Array) -> np.ndarray:
    """Return days since 1970 as float64, NaN where there is no value, or a text that is no date."""
    if is_time(cells.type):
        zone = getattr(cells.type, "tz", None)
        return _as_days(cells.cast(pa.timestamp("us", tz=zone), safe=False))
    formed = pc.if_else(pc.match_substring_regex(cells, FORM), pc.utf8_trim_whitespace(cells), None)
    zoned = pc.match_substring_regex(formed, r"\d\d:\d\d.*" + ZONE)
    try:
        local = _as_days(pc.if_else(zoned, None, formed).cast(pa.timestamp("us")))
        return np.where(
            np.isnan(local), _as_days(pc.if_else(zoned, formed, None).cast(pa.timestamp("us", "UTC"))), local
        )
    except pa.ArrowInvalid:  # the form of a date, but no day of any month, or more digits than there are microseconds
        return np.array([_one(text) for text in formed.to_pylist()])


def _as_days(cells: pa.Array) -> np.ndarray:
    found = cells.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.float64) / MICROSECONDS


def _one(text: str | None) -> float:
    with suppress(ValueError, TypeError):
        return days_since_epoch(str(text))
    return np.nan
