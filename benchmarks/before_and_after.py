"""This tree beside another checkout, e.g. a git worktree of the last release, asked in turn in one run.

    python -m benchmarks.before_and_after OTHER [--rows 12000000]

Four things: ms from a submit until its trainer begins, and until its first epoch can be read, each tree with an idle,
warm stack of its own; rows per second of a table in memory, and of a file read in blocks.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import out_of_core
from benchmarks.in_memory import ON_CPU, ONE_THREAD
from benchmarks.peers.work import Work, as_argument, write_examples
from benchmarks.report import report
from benchmarks.submit_to_first_epoch import SPEC, seconds_to_first_epoch
from tests.stack import Stack, local_stack

HERE = Path(__file__).parents[1]
SUBMITS, WARM = 60, 5
ROUNDS = 3
REST_S = 0.05  #: between two submits, so that every worker is idle again
WORSE = 1.1  #: times of the time before are a miss: two runs of one tree differ by as much on a busy machine


@dataclass(frozen=True)
class Tree:
    """A checkout, and its running stack."""

    folder: Path
    stack: Stack
    marks: Path

    def seconds_to_start(self) -> float:
        """Submit a job; return how long it took until its trainer began."""
        began = time.monotonic()
        job_id = self.stack.submit(SPEC | {"epochs": 1})
        self.stack.finished(job_id)
        moments = dict(line.split() for line in self.marks.read_text().splitlines())
        return float(moments[job_id]) - began


@contextmanager
def running(folder: Path, data: Path) -> Iterator[Tree]:
    """Start the stack of a checkout, whose trainers note when they begin."""
    marks = data.with_suffix(".marks")
    marks.touch()
    path = f"{folder / 'benchmarks' / 'peers' / 'marked'}:{folder}"
    with contextlib.chdir(folder):  # else Python would take our own modules
        opened = local_stack(data, "--workers", "1")
        before = {name: os.environ.get(name, "") for name in ("PYTHONPATH", "BENCHMARK_MARKS")}
        os.environ |= {"PYTHONPATH": path, "BENCHMARK_MARKS": str(marks)}
        stack = opened.__enter__()
        os.environ |= before
    try:
        yield Tree(folder, stack, marks)
    finally:
        opened.__exit__(None, None, None)


def waits(trees: dict[str, Tree]) -> dict[str, dict[str, float]]:
    """Return the median ms of both waits, by what is waited for and by tree."""
    kinds: dict[str, Callable[[Tree], float]] = {
        "submit until the trainer begins, ms": Tree.seconds_to_start,
        "submit until the first epoch is read, ms": lambda tree: seconds_to_first_epoch(tree.stack),
    }
    found: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in trees} for kind in kinds}
    for turn in range(WARM + SUBMITS):
        for name in list(trees) if turn % 2 else list(trees)[::-1]:
            for kind, wait in kinds.items():
                seconds = wait(trees[name])
                time.sleep(REST_S)
                if turn >= WARM:
                    found[kind][name].append(seconds * 1e3)
    return {kind: {name: median(took) for name, took in by_tree.items()} for kind, by_tree in found.items()}


def rates(folders: dict[str, Path], rows: int) -> dict[str, dict[str, float]]:
    """Return the median rows per second of both trainings, by what is trained and by tree."""
    with tempfile.TemporaryDirectory() as folder:
        work = Work(folder, 100_000, 10, 256, [64, 64], seed=1)
        write_examples(Path(folder), work.rows)
        table = Path(folder) / "table.f32"
        out_of_core.write(table, rows)
        commands = {
            "rows/s in memory": ["benchmarks.peers.ours", as_argument(work)],
            f"rows/s read in blocks, {rows:,} rows": ["benchmarks.out_of_core", "--one", table, "--rows", str(rows)],
        }
        return {what: _rates(folders, command) for what, command in commands.items()}


def _rates(folders: dict[str, Path], command: list[str | Path]) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in folders}
    for turn in range(ROUNDS):
        for name in list(folders) if turn % 2 else list(folders)[::-1]:
            done = subprocess.run(
                [sys.executable, "-m", *command],
                cwd=folders[name],
                env=os.environ | ONE_THREAD | ON_CPU | {"PYTHONPATH": str(folders[name])},
                check=True,
                capture_output=True,
            )
            found[name].append(float(json.loads(done.stdout.splitlines()[-1])["rows_per_second"]))
    return {name: median(told) for name, told in found.items()}


def main() -> None:
    """Compare, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--rows", type=int, default=12_000_000)
    asked = parser.parse_args()
    folders = {"before": asked.other.resolve(), "after": HERE}
    with ExitStack() as opened:
        data = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        trees = {name: opened.enter_context(running(folder, data / name)) for name, folder in folders.items()}
        waited = waits(trees)
    lines = [_line(what, found, found["after"] / found["before"]) for what, found in waited.items()]
    for what, found in rates(folders, asked.rows).items():
        lines.append(_line(what, found, found["before"] / found["after"]))
    words = f"Medians of {SUBMITS} submits and of {ROUNDS} trainings, both trees in turn."
    report(
        "before_and_after",
        [words, "", "| what | before | after | time, in times of that before |", "|---|---|---|---|", *lines],
    )


def _line(what: str, found: dict[str, float], time_of_before: float) -> str:
    """Return a line of the table; the last is the time that it takes now, in times of that before."""
    verdict = " **slower**" if time_of_before > WORSE else ""
    return f"| {what} | {found['before']:,.1f} | {found['after']:,.1f} | {time_of_before:.2f}{verdict} |"


if __name__ == "__main__":
    main()
