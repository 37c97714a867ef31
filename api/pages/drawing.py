"""Lines as SVG, for pages without JavaScript and for the small curve of a list."""

import math
from dataclasses import dataclass

from services.jobs.curves import Chart, Value, thinned

WIDTH, HEIGHT = 720, 220
SPARK_WIDTH, SPARK_HEIGHT = 96, 24
MOST = 300  #: points of a line: no more can be told apart


@dataclass(frozen=True)
class Drawing:
    """A chart as polylines of SVG, and what stands at its axes."""

    lines: dict[str, list[str]]  #: of each line the points of its pieces; a piece ends at a gap
    gaps: list[float]  #: where a value was not finite
    low: float
    high: float
    first: int
    last: int


def drawn(chart: Chart) -> Drawing | None:
    """Return a chart as SVG takes it; None if it has no value."""
    kept = thinned(list(chart.lines.values()), MOST)
    epochs = [chart.epochs[n] for n in kept]
    values = [v for line in chart.lines.values() for n in kept if (v := line[n]) is not None and math.isfinite(v)]
    if not values:
        return None
    low, high, first, last = min(values), max(values), epochs[0], epochs[-1]

    def place(epoch: int) -> float:
        return round(WIDTH * ((epoch - first) / (last - first) if last > first else 0.5), 1)

    lines = {
        name: _pieces([(place(epoch), line[n]) for epoch, n in zip(epochs, kept, strict=True)], low, high)
        for name, line in chart.lines.items()
    }
    return Drawing(lines, [place(epoch) for epoch in chart.gaps if first <= epoch <= last], low, high, first, last)


def spark(values: list[float]) -> str:
    """Return the points of a small curve."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    across = SPARK_WIDTH / (len(known) - 1)
    return " ".join(f"{n * across:.1f},{_height(v, low, high, SPARK_HEIGHT - 4) + 2:.1f}" for n, v in enumerate(known))


def _pieces(points: list[tuple[float, Value]], low: float, high: float) -> list[str]:
    pieces: list[list[str]] = [[]]
    for x, value in points:
        if value is None:  # not measured in that epoch: the line goes on
            continue
        if math.isfinite(value):
            pieces[-1].append(f"{x},{_height(value, low, high, HEIGHT):.1f}")
        elif pieces[-1]:
            pieces.append([])
    return [" ".join(piece if len(piece) > 1 else piece * 2) for piece in pieces if piece]


def _height(value: float, low: float, high: float, height: float) -> float:
    return height * (1 - ((value - low) / (high - low) if high > low else 0.5))
