"""Jobs side by side: the parameters in which they differ, and what came of each."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 20  #: as many as the server compares


def flattened(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return nested keys as dotted ones."""
    if not isinstance(value, Mapping):
        return [(path, value)]
    return [pair for key, inner in value.items() for pair in flattened(inner, f"{path}.{key}" if path else str(key))]


def differing(specs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the parameters that are not the same in all specs, by their dotted names."""
    flat = [dict(flattened(spec)) for spec in specs]
    keys = list(dict.fromkeys(key for spec in flat for key in spec))
    return {key: [spec.get(key) for spec in flat] for key in keys if len({repr(s.get(key)) for s in flat}) > 1}


def table(jobs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return answers of jobs as columns: who they are, where they differ, their best and their last values."""
    columns: dict[str, list[Any]] = {name: [job.get(name) for job in jobs] for name in ("id", "name", "status")}
    columns |= differing([job["spec"] for job in jobs])
    columns["best_epoch"] = [(job.get("best") or {}).get("epoch") for job in jobs]
    metrics = list(dict.fromkeys(job["best"]["metric"] for job in jobs if job.get("best")))
    for metric in metrics:
        bests = [job.get("best") or {} for job in jobs]
        columns[f"best_{metric}"] = [best.get("value") if best.get("metric") == metric else None for best in bests]
    latest = [job.get("latest") or {} for job in jobs]
    for name in dict.fromkeys(name for values in latest for name in values if name not in {"epoch", "lr"}):
        columns[f"last_{name}"] = [values.get(name) for values in latest]
    return columns
