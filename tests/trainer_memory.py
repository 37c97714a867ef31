"""What trainers really take: each trains a job in a process forked from a warm one, as a worker's do.

`python -m tests.trainer_memory FOLDER` prints, for each job of JOBS, its estimate and the kernel's count.
"""

import gc
import importlib
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from services.db.schema import migrate
from services.jobs.submission import Submission
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.specs.schema.job import JobSpec
from services.training.build import settle_process
from services.training.input.plugin_data import look
from services.training.model_summary import shapes, summary
from services.wiring.base import Base, Intake, base
from tests.make import train
from worker.fork_server import LOADED

LOOK_S = 0.001
DRAW = np.random.default_rng(0)


def forked(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return what a forked process answers, and how many bytes of its own it took at most beyond its first."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, json.dumps(work()).encode())
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    began = most = _own_bytes(pid)
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        most = max(most, _own_bytes(pid))
        time.sleep(LOOK_S)
    with os.fdopen(reader, "rb") as answer:
        return json.loads(answer.read()), most - began


def _own_bytes(pid: int) -> int:
    """Return the memory that is the process's own: without files' pages, which the kernel may take back."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:")), 0)


def table(joined: Base, x: np.ndarray) -> dict[str, Any]:
    """Upload columns and a number to learn; return them as a spec's data. Shapes: x (rows, columns)."""
    columns = {f"f{n}": x[:, n] for n in range(x.shape[1])}
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns | {"y": DRAW.normal(size=len(x)).astype("f4")}), file)
    file.seek(0)
    return {"dataset": joined.datasets.upload(file, name="t.parquet", owner="local")[0].id, "target": "y"}


def numbers(rows: int, columns: int) -> np.ndarray:
    """Return random numbers, (rows, columns) float32."""
    return DRAW.normal(size=(rows, columns)).astype("f4")


def arrays(joined: Base, *shape: int) -> dict[str, Any]:
    """Upload an array of features and one of ten classes; return them as a spec's data."""
    file = io.BytesIO()
    np.savez(file, x=DRAW.random(shape, dtype=np.float32), y=DRAW.integers(0, 10, shape[0]))
    file.seek(0)
    return {"dataset": joined.datasets.upload(file, name="t.npz", owner="local")[0].id, "target": "y"}


def tensors(joined: Base, *shape: int) -> dict[str, Any]:
    """Upload tensors of ten classes; return them as a spec's data."""
    return arrays(joined, *shape) | {"columns": {"x": {"type": "tensor", "shape": list(shape[1:])}}}


WIDE: dict[str, Any] = {"model": {"type": "mlp", "hidden": [2000, 2000]}, "batch_size": 256}
FULL: dict[str, Any] = {"model": {"type": "mlp", "hidden": [512, 512]}, "batch_size": "full"}
FLAT = [{"type": "flatten"}, {"type": "linear", "out": "auto"}]
CONV = [{"type": "conv1d", "out": 32, "kernel_size": 5}, {"type": "relu"}]
WAVES = {"type": "layers", "layers": [*CONV, *CONV, {"type": "adaptive_avg_pool1d", "output_size": 1}, *FLAT]}
WORDS = {"type": "layers", "layers": [{"type": "embedding", "num": 200_000, "dim": 32}, *FLAT]}

JOBS: dict[str, Callable[[Base], dict[str, Any]]] = {
    "a tiny one": lambda b: {"data": {"x": numbers(12, 1).tolist(), "y": list(range(12))}, "model": "linear"},
    "a small mlp": lambda b: {"data": {"builtin": "iris"}, "model": "mlp", "epochs": 60},
    "many rows": lambda b: {"data": table(b, numbers(200_000, 20)), "model": "linear"},
    "many features": lambda b: {"data": table(b, numbers(6_000, 2_000)), "model": "linear"},
    "a table in blocks": lambda b: {"data": arrays(b, 1_700_000, 40), "model": "linear", "epochs": 1},
    "a wide embedding": lambda b: {
        "data": table(b, DRAW.integers(0, 200_000, size=(4_000, 4)).astype("f4")) | {"scale": "none"},
        "model": WORDS,
        "batch_size": 512,
    },
    "categories": lambda b: {
        "data": table(b, np.char.add("v", DRAW.integers(0, 900, size=(30_000, 3)).astype(str))),
        "model": "mlp",
        "epochs": 2,
    },
    "pictures": lambda b: {"data": tensors(b, 3_000, 1, 28, 28), "model": "cnn", "batch_size": 128},
    "waves": lambda b: {"data": tensors(b, 3_000, 4, 256), "model": WAVES, "batch_size": 256, "optimizer": "sgd"},
    "series": lambda b: {"data": tensors(b, 2_000, 4, 100), "model": "lstm", "batch_size": 256, "epochs": 1},
    "members": lambda b: {"data": table(b, numbers(30_000, 20)), "model": "tabm"},
    "one batch": lambda b: {"data": table(b, numbers(20_000, 20)), **FULL},
    "one batch in parts": lambda b: {"data": table(b, numbers(20_000, 20)), **FULL, "micro_batch_size": 512},
    "wide layers, sgd": lambda b: {"data": table(b, numbers(2_000, 20)), **WIDE, "optimizer": "sgd"},
    "wide layers, adam": lambda b: {"data": table(b, numbers(2_000, 20)), **WIDE, "optimizer": "adam"},
}


def measured(settings: Settings, make: Callable[[Base], dict[str, Any]]) -> dict[str, int]:
    """Submit a job and train it, each in a process of its own; return what was expected and what it took."""

    def submit() -> Any:
        joined = base(settings, Intake(ModelSizes(summary, shapes), look))
        migrate(joined.database)
        spec = JobSpec.model_validate({"epochs": 1, "early_stopping": False, **make(joined)})
        job = joined.jobs.service.submit(Submission(spec, "local", {})).job
        return [job.id, job.model_summary["estimate"]["memory_bytes"]]

    (job_id, expected), _ = forked(submit)

    def run() -> Any:
        settle_process()
        gc.enable()
        return train(base(settings), job_id).status

    status, took = forked(run)
    assert status == "succeeded", status
    return {"expected": expected, "took": took}


def main() -> None:
    """Measure every job."""
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for n, (name, make) in enumerate(JOBS.items()):
        settings = replace(Settings(), storage_dir=Path(sys.argv[1]) / str(n))
        print(json.dumps({"job": name, **measured(settings, make)}), flush=True)


if __name__ == "__main__":
    main()
