"""A CSV of 1 GB becomes a float32 table: our reader beside polars, the fastest there is. Each its own process.

    python -m benchmarks.ingest [--rows 5900000] [--python-of-peers PYTHON]

Every value of both tables must be the same. Memory is the most that was resident, the mapped file not counted.
"""

import argparse
import filecmp
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from benchmarks.report import report

NUMBERS = 20
CHUNK = 100_000
ROUNDS = 3


def write(path: Path, rows: int) -> None:
    """Write a CSV of 20 columns of numbers, with four to six digits after the point, and one of two classes."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for begin in range(0, rows, CHUNK):
            count = min(CHUNK, rows - begin)
            columns = {f"x{n}": np.round(rng.normal(size=count), 4 + n % 2 * 2) for n in range(NUMBERS)}
            table = pa.table({**columns, "y": rng.integers(0, 2, count)})
            pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(include_header=begin == 0))


def main() -> None:
    """Make the file, run both in turn, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_900_000)
    parser.add_argument("--python-of-peers", type=Path, default=Path(".venv-peers/bin/python"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write(path, asked.rows)
        commands = {
            "ours": [sys.executable, "-m", "benchmarks.peers.our_ingest", path, f"{folder}/ours"],
            "polars": [asked.python_of_peers, "-m", "benchmarks.peers.polars_ingest", path, f"{folder}/polars"],
        }
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
        for turn in range(ROUNDS):
            for name in list(commands) if turn % 2 == 0 else list(commands)[::-1]:
                done = subprocess.run([str(part) for part in commands[name]], check=True, capture_output=True)
                found[name].append(json.loads(done.stdout))
        same = filecmp.cmp(f"{folder}/ours", f"{folder}/polars", shallow=False)
        size = path.stat().st_size
    seconds = {name: median(run["seconds"] for run in runs) for name, runs in found.items()}
    lines = [
        f"| {name} | {seconds[name]:.2f} | {size / 1e6 / seconds[name]:.0f} |"
        f" {max(run['resident_mib'] for run in runs):.0f} | {runs[0]['version']} |"
        for name, runs in found.items()
    ]
    report(
        "ingest",
        [
            f"{size / 1e9:.2f} GB of CSV, {asked.rows:,} rows of {NUMBERS + 1} columns; median of {ROUNDS} runs.",
            "",
            "| reader | s | MB/s | resident MiB, most | version |",
            "|---|---|---|---|---|",
            *lines,
            "",
            f"Ours reads at {seconds['polars'] / seconds['ours']:.2f} of the speed of polars (bar: 0.5, in 500 MB); "
            f"the tables are {'the same' if same else '**not the same**'}.",
        ],
    )


if __name__ == "__main__":
    main()
