"""Data sets, jobs and their ends in a line of words."""

from typing import Any

from batchyard.answers import Dataset
from batchyard.commands.job_table import span
from batchyard.job_future import Job

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def uploaded(dataset: Dataset) -> str:
    """Return whether a data set was sent, and how large it is."""
    how = "Uploaded" if dataset.was_sent else "Already there:"
    columns = f" × {len(dataset.columns)} columns" if dataset.columns else ""
    return f"✓ {how} {dataset.name}  {dataset.rows:,} rows{columns}  ({size(dataset.size_bytes)})"


def queued(job: Job) -> str:
    """Return what was queued: its model, its size, how long it may train and where."""
    model: dict[str, Any] = job.spec.get("model") or {}
    hidden = model.get("hidden")
    net = f"{model.get('type', '')} {hidden if isinstance(hidden, list) else ''}".strip().replace(", ", ",")
    parts = [net, f"{(job.data.get('model_summary') or {}).get('parameters', 0):,} parameters"]
    parts += [f"≤ {job.spec['epochs']} epochs"] if job.spec.get("epochs") else []
    parts += [str(job.spec["device"])] if job.spec.get("device") else []
    return f"✓ Queued {job.name}  {' · '.join(part for part in parts if part)}"


def place(queue: dict[str, Any] | None) -> str:
    """Return how many jobs stand before one that waits, and who could train it."""
    if not queue or queue.get("ahead") is None:
        return ""
    ahead, online = queue["ahead"], queue.get("workers_online", 0)
    jobs = f"{ahead} job{'' if ahead == 1 else 's'} ahead"
    return f"  {jobs}, {online} {queue.get('name', '')} worker{'' if online == 1 else 's'} online"


def ended(job: Job, address: str) -> str:
    """Return how a job ended and what to do next."""
    best = job.best
    kept = f"  best epoch {best.epoch}, {best.metric} {best.value:.4g}" if best else ""
    here = f"{address}/jobs/{job.id}"
    if job.status == "succeeded":
        took = span(_seconds(job))
        why = str(job.data.get("stop_reason") or "").replace("_", " ")
        return (
            f"✓ {job.name} succeeded in {took} ({why}){kept}\n  Predict  batchyard predict rows.csv      Open  {here}"
        )
    if job.status == "failed":
        error = job.error or {}
        return (
            f"✗ {job.name} failed: {error.get('message', '')} {error.get('hint') or ''}{kept}".rstrip() + f"\n  {here}"
        )
    return f"{job.name} is {job.status}{kept}"


def size(count: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    value, unit = float(count), 0
    while value >= 1_000 and unit < len(UNITS) - 1:
        value, unit = value / 1_000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def _seconds(job: Job) -> float | None:
    from datetime import datetime

    began, finished = job.data.get("started_at"), job.data.get("finished_at")
    if not began or not finished:
        return None
    return (datetime.fromisoformat(finished) - datetime.fromisoformat(began)).total_seconds()
