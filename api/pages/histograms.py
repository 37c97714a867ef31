"""How the values of a column are spread, as bars."""

import math
from dataclasses import dataclass
from typing import Any

BINS = 16
WIDTH, HEIGHT = 128, 28


@dataclass(frozen=True)
class Bar:
    """One bar, from the left and from the top."""

    x: float
    y: float
    width: float
    height: float
    words: str  #: its range and how many values are in it


def bars(values: list[Any]) -> list[Bar]:
    """Return the bars of a column of numbers; none if there is nothing to tell apart."""
    known = [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]
    if not known or min(known) == max(known):
        return []
    low, high = min(known), max(known)
    width = (high - low) / BINS
    counts = [0] * BINS
    for value in known:
        counts[min(BINS - 1, int((value - low) / width))] += 1
    most, across = max(counts), WIDTH / BINS
    return [
        Bar(
            x=round(n * across, 1),
            y=round(HEIGHT * (1 - count / most), 1),
            width=across - 1,
            height=round(HEIGHT * count / most, 1),
            words=f"{low + n * width:.4g} to {low + (n + 1) * width:.4g}: {count:,}",
        )
        for n, count in enumerate(counts)
    ]
