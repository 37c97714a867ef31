"""The tab of a job's page that shows what its trainer takes of the machine, and how fast it is."""

from dataclasses import dataclass
from typing import Any

from api.pages import formats
from api.parts import api, caller
from services.attempts.usage import COLUMNS, MOST
from services.jobs.job_views import JobView

WIDTH, HEIGHT = 720, 160
SPEEDS = 100  #: points of the rows per second
#: By column: what it is called, and how its values are written.
TITLES = {
    "rows_per_second": "Training rows per second",
    "cpu_percent": "Processor",
    "rss_bytes": "Memory",
    "gpu_percent": "GPU",
    "gpu_memory_bytes": "GPU memory",
    "gpu_celsius": "GPU temperature",
}
UNITS = {"cpu_percent": "%", "gpu_percent": "%", "gpu_celsius": " °C"}


@dataclass(frozen=True)
class Plot:
    """One column over time, from 0 to its greatest value."""

    title: str
    points: str  #: of an SVG polyline
    until: str  #: when the last sample was taken
    most: str
    sentence: str


def system(job: JobView) -> dict[str, Any]:
    """Return the charts and the table of the samples."""
    _, found = api().base.usages.get(caller(), job.id, MOST)
    rows = [dict(zip(COLUMNS, sample, strict=True)) for sample in found.samples]
    known = [name for name in TITLES if any(row.get(name) is not None for row in rows)]
    speeds = api().base.usages.speeds(caller(), job.id, SPEEDS)
    plots = [_plot("rows_per_second", speeds, "points", "training")] if speeds else []
    plots += [_plot(name, [(row["t_seconds"], row[name]) for row in rows if row[name] is not None]) for name in known]
    return {
        "plots": plots,
        "usage_columns": [TITLES[name] for name in known],
        "usage": [[formats.duration(row["t_seconds"]), *(_written(name, row[name]) for name in known)] for row in rows],
        "interval": formats.duration(found.interval_s),
    }


def _plot(name: str, points: list[tuple[float, float]], of: str = "samples", what: str = "") -> Plot:
    last, most = points[-1][0], max(value for _, value in points)
    mean = sum(value for _, value in points) / len(points)

    def place(t: float, value: float) -> str:
        across = WIDTH * (t / last if last else 0.5)
        return f"{across:.1f},{HEIGHT * (1 - (value / most if most else 0)):.1f}"

    drawn = [place(t, value) for t, value in points]
    count = f"1 {of[:-1]}" if len(points) == 1 else f"{len(points)} {of}"
    values = f"{_written(name, mean)} on average, {_written(name, most)} at most"
    return Plot(
        title=TITLES[name],
        points=" ".join(
            drawn if len(drawn) > 1 else [f"0,{drawn[0].split(',')[1]}", f"{WIDTH},{drawn[0].split(',')[1]}"]
        ),
        until=formats.duration(last),
        most=_written(name, most),
        sentence=f"{TITLES[name]}: {values}, in {count} over {formats.duration(last)}{what and f' of {what}'}.",
    )


def _written(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return formats.size(int(value)) if name.endswith("_bytes") else f"{value:,.0f}{UNITS.get(name, '')}"
