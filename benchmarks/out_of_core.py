"""A table of 4 GB, sorted by its target, read in blocks; beside a million of its rows in memory, and beside peers.

    python -m benchmarks.out_of_core [--rows 30000000] [--folder FOLDER] [--python-of-peers PYTHON]

Each run is a process of its own. The file is in the page cache: it has just been written. The rate is that of one
epoch's steps, validation apart. Last, the file is dropped from the cache and read once more in a control group of 1 GB,
where this machine lets us make one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.report import report
from services.columns import Column, TableInfo
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.schema.job import JobSpec
from services.training.build import build, settle_process
from services.training.model_summary import summary

FEATURES = 32
CHUNK = 1_000_000
IN_MEMORY_ROWS = 1_000_000
ROUNDS = 3
PEERS = ("memmap_random", "hugging_face", "litdata_chunks")
GROUPS = Path("/sys/fs/cgroup/memory")  #: of version 1; of version 2, a group with members can have none below it
GROUP_BYTES = 1 << 30
JOB = {
    "data": {"dataset": "ds_rows", "target": "y", "scale": "standard"},
    "task": "regression",
    "model": {"type": "mlp", "hidden": [64, 64], "dropout": 0.0, "number_embedding": None},
    "optimizer": "adam",
    "batch_size": 256,
    "epochs": 1,
    "metrics": [],
    "split": {"type": "random", "validation": 0.02},
}


def rows_sorted_by_target(rows: int, begin: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return some of `rows` rows whose target rises: (count, 33) float32."""
    target = np.linspace(begin / rows, (begin + count) / rows, count, dtype=np.float32)[:, None]
    features = rng.normal(size=(count, FEATURES)).astype(np.float32)
    features[:, :4] += 3 * target
    return np.hstack([features, target])


def write(path: Path, rows: int) -> None:
    """Write the rows, (rows, 33) float32, some at a time."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for begin in range(0, rows, CHUNK):
            file.write(rows_sorted_by_target(rows, begin, min(CHUNK, rows - begin), rng).data)


def one(path: Path, rows: int) -> None:
    """Train one epoch on the first rows of the file, and print the rate and the most memory that was not the file's."""
    table = np.memmap(path, dtype="<f4", mode="r", shape=(rows, FEATURES + 1))
    columns = [Column(f"x{n}", "number", min=-9.0, max=9.0) for n in range(FEATURES)]
    info = TableInfo(rows, [*columns, Column("y", "number", min=0.0, max=1.0)])
    limits = Limits(epochs=10, parameters=10**6)
    spec = resolve(JobSpec.model_validate(JOB), Facts(info, limits, ModelSizes(summary), dataset="ds_rows")).spec
    most = [0]
    threading.Thread(target=_watch_memory, args=(most,), daemon=True).start()
    began = time.perf_counter()
    settle_process()
    training = build(spec, info, table, last=None, stop_requested=lambda: None)
    built = time.perf_counter()
    training.validation, validation = None, training.validation
    costs = next(training.fit())
    cost = validation(training.model)[0] if validation else float("nan")
    told: dict[str, Any] = {
        "rows_per_second": costs.rows_per_second,
        "build_s": built - began,
        "cost": cost,
        "anonymous_mib": most[0] / 1024,
        "batches": type(training.train_batches).__name__,
    }
    print(json.dumps(told))


def _watch_memory(most: list[int]) -> None:
    while True:
        status = Path("/proc/self/status").read_text()
        anonymous = next(line for line in status.splitlines() if line.startswith("RssAnon"))
        most[0] = max(most[0], int(anonymous.split()[1]))
        time.sleep(0.02)


def peer(name: str, path: Path, python: Path) -> str:
    """Return what a peer told, as a line of the table."""
    try:
        done = subprocess.run([python, "-m", f"benchmarks.peers.{name}", path], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        return f"| {name} | not run | {type(error).__name__} |"
    told = json.loads(done.stdout.splitlines()[-1])
    return f"| {name} | {told['rows_per_second']:,.0f} | {told['version']} |"


def in_a_group(path: Path, rows: int) -> str:
    """Return how an epoch goes where all memory is limited, and nothing of the file is in it yet."""
    group = GROUPS / "batchyard-benchmark"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(GROUP_BYTES))
    except OSError as error:
        return f"not run, since no control group can be made ({error.strerror})"
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        command = [sys.executable, "-m", "benchmarks.out_of_core", "--one", path, "--rows", str(rows), "--group", group]
        told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        most = int((group / "memory.max_usage_in_bytes").read_text()) / 1e9
        return (
            f"{told['rows_per_second']:,.0f} rows/s, {told['anonymous_mib']:.0f} MiB anonymous, {most:.2f} GB in all, "
            f"validation cost {told['cost']:.4f}"
        )
    finally:
        group.rmdir()


def in_turn(path: Path, most: int) -> dict[int, list[dict[str, Any]]]:
    """Train on all rows and on as many as fit into memory, in turn; return what each run told, by its rows."""
    found: dict[int, list[dict[str, Any]]] = {most: [], IN_MEMORY_ROWS: []}
    for turn in range(ROUNDS):
        for rows in list(found) if turn % 2 == 0 else list(found)[::-1]:
            command = [sys.executable, "-m", "benchmarks.out_of_core", "--one", str(path), "--rows", str(rows)]
            found[rows].append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    return found


def main() -> None:
    """Make the file, run both in turn, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=30_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--one", type=Path)
    parser.add_argument("--group", type=Path)
    parser.add_argument("--python-of-peers", type=Path, default=Path(".venv-peers/bin/python"))
    asked = parser.parse_args()
    if asked.one:
        if asked.group:
            (asked.group / "cgroup.procs").write_text(str(os.getpid()))
        one(asked.one, asked.rows)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        path = Path(folder) / "table.f32"
        write(path, asked.rows)
        found = in_turn(path, asked.rows)
        peers = [peer(name, path, asked.python_of_peers) for name in PEERS]
        limited = in_a_group(path, asked.rows)
    rates = {rows: median(run["rows_per_second"] for run in runs) for rows, runs in found.items()}
    lines = [
        f"| {run['batches']} | {rows:,} | {run['rows_per_second']:,.0f} | {run['anonymous_mib']:.0f} |"
        f" {run['build_s']:.1f} | {run['cost']:.4f} |"
        for rows, runs in found.items()
        for run in runs
    ]
    size = asked.rows * (FEATURES + 1) * 4 / 1e9
    report(
        "out_of_core",
        [
            f"{size:.1f} GB of rows sorted by target, in the page cache; MLP 32-64-64-1, batch 256, Adam, one thread.",
            "",
            "| read as | rows | rows/s of training | anonymous MiB, most | build s | validation cost |",
            "|---|---|---|---|---|---|",
            *lines,
            "",
            f"In blocks: {rates[asked.rows] / rates[IN_MEMORY_ROWS]:.2f} of the rate in memory (bar: 0.9; below 1 GB).",
            "",
            f"Within {GROUP_BYTES / 1e9:.1f} GB for everything, page cache too, and the file on disk: {limited}.",
            "",
            "| peer, in the tutorial's loop | rows/s | version |",
            "|---|---|---|",
            *peers,
        ],
    )


if __name__ == "__main__":
    main()
