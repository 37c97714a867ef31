"""How values look on a page: numbers, sizes, times, the words and signs of a state."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

#: A sign of its own for each state, beside the word and the colour.
SIGNS = {
    "queued": "◌",
    "running": "▶",
    "pausing": "◐",
    "paused": "‖",
    "cancelling": "◐",
    "succeeded": "✓",
    "failed": "✕",
    "cancelled": "⊘",
}
STEPS = ((60, "s"), (60, "min"), (24, "h"), (math.inf, "d"))


def number(value: Any) -> str:
    """Return a number with four significant digits; texts and lists as they are."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "∞"
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def size(count: int | None) -> str:
    """Return a number of bytes in the unit that suits it."""
    if count is None:
        return "–"
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def duration(seconds: float | None) -> str:
    """Return seconds in the unit that suits them."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    value = seconds
    for most, unit in STEPS:
        if value < most:
            return f"{value:.0f} {unit}"
        value /= most
    return ""


def age(time: datetime) -> str:
    """Return how long ago a time was."""
    return f"{duration(max(0.0, (datetime.now(UTC) - time).total_seconds())).replace('.0 s', ' s')} ago"


def iso(time: datetime) -> str:
    """Return a time as machines read it."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def utc(time: datetime) -> str:
    """Return a time as people read it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def pretty(value: Any) -> str:
    """Return JSON of several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def sign(status: str) -> str:
    """Return the sign of a state."""
    return SIGNS.get(status, "•")


def words(name: str) -> str:
    """Return a code as words."""
    return name.replace("_", " ")


FILTERS: dict[str, Callable[..., str]] = {
    "number": number,
    "size": size,
    "duration": duration,
    "age": age,
    "iso": iso,
    "utc": utc,
    "pretty": pretty,
    "sign": sign,
    "words": words,
}
