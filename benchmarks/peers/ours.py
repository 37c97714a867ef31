"""Our own engine: a resolved spec and a table into `build`, then `fit` to its end."""

import time

import numpy as np

from benchmarks.peers.work import FEATURES, LR, Fitted, Part, Work, tell
from services.columns import Column, TableInfo
from services.specs.resolve.resolution import Limits, resolve
from services.specs.schema.job import JobSpec
from services.training.build import build, settle_process
from services.training.loop.training import Training
from services.training.model_summary import summary

LIMITS = Limits(epochs=100_000, parameters=50_000_000)


def fit(work: Work, train: Part, valid: Part) -> Fitted:
    """Train and validate every epoch."""
    job = training(work, train, valid)
    began = time.perf_counter()
    *_, last = job.fit()
    return Fitted(time.perf_counter() - began, last.val_cost)


def training(work: Work, train: Part, valid: Part) -> Training:
    """Return a training of the job, its rows as a data set that says itself which of them validate."""
    info = _columns(work, train)
    given = {
        "data": {"dataset": "ds_synthetic", "target": "y", "scale": "none", "target_scale": "none"},
        "split": {"type": "column", "column": "split"},
        "model": {"type": "mlp", "hidden": work.hidden, "dropout": 0.0, "number_embedding": None},
        "loss": "mse",
        "optimizer": {"type": "adam", "lr": LR},
        "epochs": work.epochs,
        "batch_size": work.batch_size,
        "early_stopping": False,
        "metrics": [],
        "seed": work.seed,
        "device": "cpu",
        "threads": 1,
    }
    spec = resolve(
        JobSpec.model_validate(given),
        info,
        dataset="ds_synthetic",
        suggested_target=None,
        cuda_online=False,
        limits=LIMITS,
        measure=summary,
    ).spec
    settle_process()
    return build(spec, info, _table(train, valid), last=None, stop_requested=lambda: None)


def _columns(work: Work, train: Part) -> TableInfo:
    counts = [work.training_rows, work.validation_rows]
    numbers = [*train.features.T, train.targets[:, 0]]
    names = [*(f"x{n}" for n in range(FEATURES)), "y"]
    columns = [
        Column(name, "number", min=float(cells.min()), max=float(cells.max()), mean=float(cells.mean()))
        for name, cells in zip(names, numbers, strict=True)
    ]
    return TableInfo(work.rows, [*columns, Column("split", "category", values=["train", "validation"], counts=counts)])


def _table(train: Part, valid: Part) -> np.ndarray:
    """Return the stored table: (rows, 34) float32 of features, target and, in the last column, 0 for train."""
    parts = [
        np.column_stack([part.features, part.targets, np.full(len(part.targets), of_split, np.float32)])
        for of_split, part in enumerate((train, valid))
    ]
    return np.concatenate(parts)


if __name__ == "__main__":
    tell(fit, "batchyard")
