"""The panel that `watch` draws on a terminal."""

import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from batchyard.commands import session
from batchyard.commands.plot import drawn
from batchyard.commands.watch import How
from batchyard.job_future import Job

WIDTH, HEIGHT = 56, 8


def show(job: Job, how: How) -> None:
    """Draw a job again after each change, at most five times a second."""
    columns: dict[str, list[Any]] = {}
    console = Console(stderr=True, no_color=True if session.chosen("no_color") else None)
    with Live(console=console, refresh_per_second=5) as live:
        for _ in job.changes(how.timeout):
            for name, cells in job.epochs(after_epoch=max([0, *columns.get("epoch", [])])).items():
                columns.setdefault(name, []).extend(cells)
            live.update(panel(job, columns, how.metrics))
            if how.interval_s and not job.data["done"]:
                time.sleep(how.interval_s)


def panel(job: Job, columns: dict[str, list[Any]], metrics: tuple[str, ...] = ()) -> Group:
    """Return what is drawn of a job."""
    progress = job.data.get("progress") or {}
    parts: list[Any] = [Text(f"{job.name}  {job.id}  {job.status}", style="bold")]
    queue = job.data.get("queue")
    if queue:
        parts.append(Text(f"{queue['position']}. in line: {queue.get('reason', {}).get('message', '')}"))
    if progress:
        eta = progress.get("eta_seconds")
        parts.append(ProgressBar(total=1.0, completed=progress.get("fraction", 0.0), width=WIDTH))
        parts.append(Text("  " + progress.get("message", "") + (f"   about {eta:.0f} s left" if eta else "")))
    if job.best:
        parts.append(Text(f"best epoch {job.best.epoch}   {job.best.metric} {job.best.value:.4g}"))
    if len(columns.get("epoch", [])) > 1:
        parts.append(Text(drawn(columns, WIDTH, HEIGHT)))
        parts.append(Text(_newest(columns, metrics)))
    if not job.data["done"]:
        parts.append(Text("Ctrl-C detaches; the job keeps running", style="dim"))
    return Group(*parts)


def _newest(columns: dict[str, list[Any]], metrics: tuple[str, ...]) -> str:
    """Return the last value of each column that is wanted."""
    beside = {"epoch", "checkpoint", "seconds"}
    names = [name for name in metrics or columns if name in columns and name not in beside]
    shown = [(name, columns[name][-1]) for name in names if columns[name]]
    return "   ".join(f"{name} {v:.4g}" if isinstance(v, int | float) else f"{name} -" for name, v in shown)
