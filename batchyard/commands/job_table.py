"""A list of jobs as lines of text: columns that fit what is in them."""

from datetime import UTC, datetime
from typing import Any

from batchyard.commands import session

SIGNS = {"running": "●", "queued": "◌", "succeeded": "✓", "failed": "✗", "cancelled": "⊘", "paused": "‖"}
BARS = "▁▂▃▄▅▆▇█"
SPARK = 12  #: signs of a curve
STEPS = ((60, "s"), (60, "m"), (24, "h"), (float("inf"), "d"))
HEADS = ("JOB", "NAME", "STATUS", "PROGRESS", "BEST", "COST", "AGE", "TIME")


def lines(jobs: list[dict[str, Any]]) -> list[str]:
    """Return a head and a line a job."""
    rows = [HEADS, *(_cells(job) for job in jobs)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(job: dict[str, Any]) -> tuple[str, ...]:
    best, progress = job.get("best"), job.get("progress")
    return (
        session.short(job["id"]),
        str(job["name"]),
        f"{SIGNS.get(job['status'], '?')} {job['status']}",
        f"{progress['epoch']}/{progress['epochs']}" if progress else "-",
        f"{best['metric']} {best['value']:.4g} @{best['epoch']}" if best else "-",
        _spark(job.get("spark")),
        _age(job.get("created_at")),
        span(job.get("duration_seconds")),
    )


def span(seconds: float | None) -> str:
    """Return seconds in the unit that suits them."""
    if seconds is None:
        return "-"
    value = float(seconds)
    if value < 10:
        return f"{value:.1f}s"
    for most, unit in STEPS:
        if value < most:
            return f"{value:.0f}{unit}"
        value /= most
    return "-"


def _age(time: str | None) -> str:
    if not time:
        return "-"
    return span(max(0.0, (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds())).replace(".0s", "s")


def _spark(values: list[Any] | None) -> str:
    kept = [float(value) for value in values or [] if isinstance(value, int | float)]
    if not kept:
        return ""
    kept = [kept[round(n * (len(kept) - 1) / (SPARK - 1))] for n in range(SPARK)] if len(kept) > SPARK else kept
    low, width = min(kept), (max(kept) - min(kept)) or 1.0
    return "".join(BARS[round((value - low) / width * (len(BARS) - 1))] for value in kept)
