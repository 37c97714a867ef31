"""Writes what a benchmark found beside its script, with the machine and the versions it was found on."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def report(name: str, lines: list[str]) -> None:
    """Print the lines and keep them as `results/<name>.md`."""
    body = "\n".join([f"# {name}", "", *lines, "", *_surroundings(), ""])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(body)
    print(body)


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed.

    Source: the nearest-rank definition.
    """
    ranked = sorted(values)
    return ranked[max(0, min(len(ranked) - 1, round(share * len(ranked) + 0.5) - 1))]


def _surroundings() -> list[str]:
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "unknown")
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "celery", "sqlalchemy", "flask", "granian"))
    return [
        f"Measured {time.strftime('%Y-%m-%d')} on {len(os.sched_getaffinity(0))} cores of {model}, "
        f"load {os.getloadavg()[0]:.1f} before the end, Python {platform.python_version()}; {versions}."
    ]
