"""Progress of a job while a program waits: one output in a notebook that updates, else a line an epoch."""

import sys
from typing import Any

from batchyard.curves import job_html


class Showing:
    """Shows a job again and again in one place."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.last_epoch = 0
        self._display: Any = None
        self._in_notebook = "IPython" in sys.modules and _has_kernel()

    def show(self, job: Any, news: dict[str, list[Any]]) -> None:
        """Show a job and its new epochs."""
        for name, cells in news.items():
            self.columns.setdefault(name, []).extend(cells)
        if self._in_notebook:
            self._update(job)
        else:
            for line in lines(news, job.spec.get("epochs")):
                print(line, flush=True)
        self.last_epoch = max(self.columns.get("epoch") or [0])

    def detached(self, job: Any) -> None:
        """Say that the job goes on, and how to come back to it."""
        print(f"{job.name} keeps running. Come back: batchyard.job({job.id!r}).watch()", flush=True)

    def _update(self, job: Any) -> None:
        import importlib

        html = importlib.import_module("IPython.display").HTML(job_html(job.data, self.columns))
        if self._display is None:
            self._display = importlib.import_module("IPython.display").display(html, display_id=True)
        else:
            self._display.update(html)


def lines(news: dict[str, list[Any]], epochs: Any) -> list[str]:
    """Return a line an epoch: `epoch=3/100 train_cost=0.81 …`, with + where it is the best so far."""
    found = []
    names = [name for name in news if name not in {"epoch", "checkpoint", "seconds", "rows_per_second"}]
    for n, epoch in enumerate(news.get("epoch", [])):
        cells = [f"{name}={_short(news[name][n])}" for name in names if news[name][n] is not None]
        seconds = news["seconds"][n] if "seconds" in news else None
        cells += [f"dur={seconds:.2f}s"] if isinstance(seconds, int | float) else []
        best = " +" if news.get("checkpoint", [False] * (n + 1))[n] is True else ""
        found.append(f"epoch={epoch}/{epochs} {' '.join(cells)}{best}")
    return found


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _has_kernel() -> bool:
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")
