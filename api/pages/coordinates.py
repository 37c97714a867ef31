"""Jobs as points: parallel coordinates of what they differ in, and one parameter against one result."""

import math
from dataclasses import dataclass, field
from typing import Any

from services.jobs.comparison import Comparison, Line

WIDTH, HEIGHT = 1_000, 300
MAX_AXES = 8
MARGIN = 70  #: at both sides, for what stands at the outer axes
SCATTER, INSET = 420, 24  #: width of a scatter, and how far its points stay from its edges
REMARKS = {"name", "notes"}  #: of a spec, that are no parameters


@dataclass(frozen=True)
class Axis:
    """One parameter or result, and where each job stands on it."""

    name: str
    x: float
    places: list[float | None]  #: of each job, from the top; None: it has no value
    ticks: list[tuple[float, str]]
    can_log: bool
    log: bool
    flipped: bool


@dataclass(frozen=True)
class Parallel:
    """Axes side by side, and the line of each job across them."""

    axes: list[Axis]
    lines: list[str]
    left_out: list[str] = field(default_factory=list)  #: names for which there was no room


@dataclass(frozen=True)
class Scatter:
    """Points, and what is written at the two axes."""

    points: list[tuple[int, float, float]]  #: the job's number, across, down
    across: Axis
    down: Axis


def axes_of(found: Comparison) -> list[Line]:
    """Return what can be an axis: parameters that differ, first those that all jobs have; then the results."""
    parameters = [line for line in found.differing if line.name not in REMARKS]
    parameters.sort(key=lambda line: (sum(value is None for value in line.values), not _is_numeric(line)))
    return [line for line in (*parameters, *found.results) if _differs(line)]


def parallel(lines: list[Line], log: set[str], flipped: set[str]) -> Parallel | None:
    """Return the jobs as lines across at most eight axes; the results stand at the right."""
    results = [line for line in lines if line.mode][: MAX_AXES // 2]
    others = [line for line in lines if not line.mode and line.name not in {"epochs", "parameters"}]
    parameters = others[: MAX_AXES - len(results)]
    shown = [*parameters, *results]
    if len(shown) < 2:
        return None
    step = (WIDTH - 2 * MARGIN) / (len(shown) - 1)
    axes = [
        _axis(line, MARGIN + n * step, HEIGHT, log=line.name in log, flip=line.name in flipped)
        for n, line in enumerate(shown)
    ]
    paths = [
        " ".join(f"{axis.x:.0f},{place:.1f}" for axis in axes if (place := axis.places[n]) is not None)
        for n in range(len(lines[0].values))
    ]
    names = {line.name for line in shown}
    return Parallel(axes, paths, [line.name for line in lines if line.name not in names])


def scatter(across: Line, down: Line, log: set[str]) -> Scatter:
    """Return the jobs as points."""
    x = _axis(across, 0, SCATTER - 2 * INSET, log=across.name in log, flip=True)
    y = _axis(down, 0, HEIGHT - 2 * INSET, log=down.name in log, flip=False)
    pairs = enumerate(zip(x.places, y.places, strict=True))
    return Scatter([(n, one, two) for n, (one, two) in pairs if one is not None and two is not None], x, y)


def _axis(line: Line, x: float, length: float, *, log: bool, flip: bool) -> Axis:
    numbers = [value for value in line.values if _is_number(value)]
    is_numeric = _is_numeric(line)
    can_log = is_numeric and bool(numbers) and min(numbers) > 0
    log = log and can_log
    words = sorted({_word(value) for value in line.values}) if not is_numeric else []

    def share(value: Any) -> float | None:
        if not is_numeric:
            return words.index(_word(value)) / max(1, len(words) - 1)
        if not _is_number(value):
            return None
        low, high = min(numbers), max(numbers)
        low, high, value = (math.log(low), math.log(high), math.log(value)) if log else (low, high, value)
        return (value - low) / (high - low) if high > low else 0.5

    def place(part: float) -> float:
        return round(length * (part if flip else 1 - part), 1)

    marked = sorted(set(numbers)) if is_numeric else words
    if len(marked) > 5:
        marked = [marked[0], marked[len(marked) // 2], marked[-1]]
    ticks = [(place(part), _word(value)) for value in marked if (part := share(value)) is not None]
    places = [None if (part := share(value)) is None else place(part) for value in line.values]
    return Axis(line.name, x, places, ticks, can_log, log, flip)


def _differs(line: Line) -> bool:
    known = [value for value in line.values if value is not None]
    return any(value != known[0] for value in known) or (bool(known) and len(known) < len(line.values))


def _is_numeric(line: Line) -> bool:
    known = [value for value in line.values if value is not None]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _word(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
