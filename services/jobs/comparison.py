"""Jobs side by side: the parameters in which they differ, and what came of each."""

import math
from dataclasses import dataclass
from typing import Any

from services.jobs.job_views import JobView
from services.specs.schema.metrics import MAXIMISED

MAX_JOBS = 20
ABSENT = None  #: stands for a parameter that a job does not have


@dataclass(frozen=True)
class Line:
    """One parameter or result of all jobs, in their order."""

    name: str
    values: list[Any]
    mode: str | None = None  #: of a result: min or max is good
    best: int | None = None  #: the place of the best; None: nothing to choose


@dataclass(frozen=True)
class Comparison:
    """What a table of jobs shows."""

    differing: list[Line]
    equal: list[Line]
    results: list[Line]


def compare(jobs: list[JobView]) -> Comparison:
    """Return what differs between jobs, what does not, and what came of them."""
    specs = [dict(_flat(job.spec)) for job in jobs]
    names = list(dict.fromkeys(name for spec in specs for name in spec))
    lines = [Line(name, [spec.get(name, ABSENT) for spec in specs]) for name in names]
    differing = [line for line in lines if any(value != line.values[0] for value in line.values)]
    equal = [line for line in lines if line not in differing]
    return Comparison(differing, equal, _results(jobs))


def _results(jobs: list[JobView]) -> list[Line]:
    monitored = list(dict.fromkeys(job.spec["monitor"]["metric"] for job in jobs))
    lines = []
    for metric in monitored:
        values = [job.training.best.value if job.spec["monitor"]["metric"] == metric else None for job in jobs]
        lines.append(_ranked(f"best {metric}", metric, values))
    known: dict[str, None] = {}
    for job in jobs:
        if job.training.latest:
            known |= dict.fromkeys(["train_cost", "val_cost", *job.training.latest.metrics])
    for name in known:
        values = [_last(job, name) for job in jobs]
        if any(value is not None for value in values):
            lines.append(_ranked(f"last {name}", name, values))
    lines.append(Line("epochs", [job.training.epochs_done for job in jobs]))
    lines.append(Line("parameters", [job.model_summary.get("parameters") for job in jobs]))
    return [*lines, _ranked("seconds", "seconds", [_seconds(job) for job in jobs])]


def _ranked(title: str, metric: str, values: list[float | None]) -> Line:
    mode = "max" if metric.removeprefix("val_").removeprefix("train_") in MAXIMISED else "min"
    known = [(value, n) for n, value in enumerate(values) if value is not None and math.isfinite(value)]
    best = None
    if len({value for value, _ in known}) > 1:
        best = (max if mode == "max" else min)(known, key=lambda pair: pair[0])[1]
    return Line(title, list(values), mode, best)


def _last(job: JobView, name: str) -> float | None:
    if job.training.latest is None:
        return None
    value = getattr(job.training.latest, name, None) if name.endswith("_cost") else None
    value = job.training.latest.metrics.get(name) if value is None else value
    return float(value) if isinstance(value, int | float) else None


def _seconds(job: JobView) -> float | None:
    if job.times.started_at is None or job.times.finished_at is None:
        return None
    return (job.times.finished_at - job.times.started_at).total_seconds()


def _flat(value: Any, before: str = "") -> list[tuple[str, Any]]:
    """Return the leaves of a spec by the names that a user writes: `optimizer.lr`."""
    if not isinstance(value, dict) or not value:
        return [(before, value)]
    return [leaf for name, inner in value.items() for leaf in _flat(inner, f"{before}.{name}" if before else name)]
