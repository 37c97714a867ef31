"""Batch predictions beside the loop that trains: rows a second, and the memory of the process at several sizes.

Each run is a process of its own, in turn, measured by its processor time: what else runs does not count. A batch
prediction is all that its trainer does but SQL: rows are read from the stored table, predicted, written as pieces, and
put together to one file.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import report

HIDDEN, BATCH, EPOCHS, TRAINED_ROWS, FEATURES = [64, 64], 256, 3, 100_000, 32
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def train(folder: Path, _rows: int, _format: str) -> dict[str, float]:
    """Train the net; return the loop's rows a second, and leave the weights in the folder."""
    import numpy as np

    from benchmarks.peers import ours
    from benchmarks.peers.work import Part, Work

    work = Work(str(folder), TRAINED_ROWS, EPOCHS, BATCH, HIDDEN, seed=0)
    random = np.random.default_rng(0)
    features = random.normal(size=(TRAINED_ROWS, FEATURES)).astype(np.float32)
    targets = features[:, :1] * features[:, 1:2]
    held = work.training_rows
    training = ours.training(work, Part(features[:held], targets[:held]), Part(features[held:], targets[held:]))
    began = time.process_time()
    for costs in training.fit():
        if training.best.improved(costs):
            training.keep_best()
    took = time.process_time() - began
    (folder / "weights").write_bytes(training.best_bytes())
    return {"rows_per_second": work.training_rows * EPOCHS / took}


def predict(folder: Path, rows: int, format: str) -> dict[str, float]:
    """Predict a table of so many rows; return rows a second, and the most memory of this process in MB."""
    import numpy as np

    from services.columns import Column, TableInfo
    from services.predictions.batch_run import BatchRun, on_one_thread, piece_rows
    from services.predictions.formats.pieces import assemble
    from services.predictions.table_cells import TableCells
    from services.training.predictor import Predictor

    on_one_thread()
    names = [*(f"x{n}" for n in range(FEATURES)), "y"]
    info = TableInfo(rows, [Column(name, "number", min=-9.0, max=9.0) for name in names])
    table = np.memmap(folder / "table", dtype="<f4", mode="r", shape=(rows, len(names)))
    predictor = Predictor.from_bytes((folder / "weights").read_bytes())
    began = time.process_time()
    cells = TableCells.of(info, predictor.preprocessing)
    run = BatchRun(predictor, table, cells, format, {}, lambda: None)
    size = piece_rows(predictor.preprocessing)
    pieces = []
    for n, first in enumerate(range(0, rows, size)):
        pieces.append(folder / f"piece-{n}")
        pieces[-1].write_bytes(run.piece(first, min(size, rows - first)))
    assemble(pieces, folder / "output", format)
    took = time.process_time() - began
    high = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return {"rows_per_second": rows / took, "memory_mb": int(high.split()[1]) / 1000}


def in_a_process(folder: Path, what: str, rows: int = 0, format: str = "") -> dict[str, Any]:
    """Run one of the two in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.batch_predictions", "--part", what, str(folder), str(rows), format]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write_table(folder: Path, rows: int) -> None:
    """Write a table as data sets are stored, a part at a time."""
    import numpy as np

    random = np.random.default_rng(0)
    with open(folder / "table", "wb") as file:
        for first in range(0, rows, 100_000):
            count = min(100_000, rows - first)
            file.write(random.normal(size=(count, FEATURES + 1)).astype("<f4").tobytes())


def main() -> None:
    """Run all in turn and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[500_000, 4_000_000])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--part", nargs="+")
    given = parser.parse_args()
    if given.part:
        what, folder, rows, *format = given.part
        print(json.dumps({"train": train, "predict": predict}[what](Path(folder), int(rows), *(format or [""]))))
        return
    lines = ["| rows | output | rows/s | times the training loop | most memory, MB |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        for rows in given.rows:
            write_table(folder, rows)
            loops, found = [], dict[str, list[dict[str, Any]]](csv=[], parquet=[])
            for _ in range(given.repetitions):
                loops.append(in_a_process(folder, "train")["rows_per_second"])
                for format, runs in found.items():
                    runs.append(in_a_process(folder, "predict", rows, format))
            for format, runs in found.items():
                speed = median(run["rows_per_second"] for run in runs)
                memory = max(run["memory_mb"] for run in runs)
                lines.append(f"| {rows:,} | {format} | {speed:,.0f} | {speed / median(loops):.2f} | {memory:.0f} |")
    about = f"MLP {FEATURES}-64-64-1, one thread; the loop trains {TRAINED_ROWS:,} rows in batches of {BATCH}."
    report("batch_predictions", [about, "", *lines])


if __name__ == "__main__":
    main()
