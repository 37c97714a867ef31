"""The panel that `watch` draws on a terminal."""

from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from batchyard.commands import session
from batchyard.commands.plot import drawn
from batchyard.job_future import Job

WIDTH, HEIGHT = 56, 8


def show(job: Job, timeout: float | None) -> None:
    """Draw a job again after each change, at most five times a second."""
    columns: dict[str, list[Any]] = {}
    console = Console(stderr=True, no_color=True if session.chosen("no_color") else None)
    with Live(console=console, refresh_per_second=5) as live:
        for _ in job.changes(timeout):
            for name, cells in job.epochs(after_epoch=max([0, *columns.get("epoch", [])])).items():
                columns.setdefault(name, []).extend(cells)
            live.update(panel(job, columns))


def panel(job: Job, columns: dict[str, list[Any]]) -> Group:
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
    if not job.data["done"]:
        parts.append(Text("Ctrl-C detaches; the job keeps running", style="dim"))
    return Group(*parts)
