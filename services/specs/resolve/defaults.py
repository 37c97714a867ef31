"""What `auto` means for the size of batches, the metrics and the monitored value."""

from typing import Literal

from services.errors import Fault
from services.specs.parse.faults import closest
from services.specs.resolve.findings import Findings
from services.specs.schema.checkpoints import MAX_KEPT
from services.specs.schema.job import JobSpec
from services.specs.schema.metrics import AUTO_METRICS, MAXIMISED, METRICS, TABLES, Metric
from services.specs.schema.monitor import Monitor


def batch_size_of(spec: JobSpec, train: int, found: Findings) -> int | Literal["full"]:
    """Return the rows of a step; `train` is how many rows train."""
    if spec.batch_size == "auto":
        power = max(0, (train // 32).bit_length() - 1)
        return min(1024, max(8, 1 << power))
    if isinstance(spec.batch_size, int) and spec.batch_size > max(train, 8):
        detail = f'is {spec.batch_size}, but there are {train} training rows; "full" takes all of them'
        found.faults.append(Fault("#/batch_size", "out_of_range", detail, value=spec.batch_size, suggestion="full"))
    return spec.batch_size


def metrics_of(spec: JobSpec, validation: int, found: Findings) -> list[Metric]:
    """Return what is computed on the validation rows, and on the training rows if they are measured."""
    if not validation and not spec.validation.train_eval:
        return []
    if spec.metrics == "auto":
        return AUTO_METRICS[spec.task]
    allowed = METRICS[spec.task]
    for n, name in enumerate(spec.metrics):
        if name not in allowed:
            detail = f"{name!r} does not apply to a {spec.task} task"
            found.faults.append(Fault(f"#/metrics/{n}", "unknown_value", detail, value=name, allowed=list(allowed)))
    return list(dict.fromkeys(spec.metrics))


def monitor_of(spec: JobSpec, validation: int, metrics: list[Metric], found: Findings) -> Monitor:
    """Return the value that decides which epoch is the best."""
    metric = spec.monitor.metric
    if not validation and metric == "val_cost":
        metric = "train_cost"
    numbers = [name for name in metrics if name not in TABLES]
    computed = ["train_cost"]
    if validation:
        computed += ["val_cost", *(f"val_{name}" for name in numbers)]
    if spec.validation.train_eval:
        computed += ["train_eval_cost", *(f"train_{name}" for name in numbers)]
    if metric not in computed:
        detail = f"{metric!r} is not computed in this job"
        near = closest(metric, computed)
        found.faults.append(Fault("#/monitor/metric", "unknown_value", detail, metric[:80], near, list(computed)))
    mode = spec.monitor.mode
    if mode == "auto":
        mode = "max" if metric.removeprefix("val_").removeprefix("train_") in MAXIMISED else "min"
    return Monitor(metric=metric, mode=mode)


def drops_last(spec: JobSpec, train: int, batch_size: int | Literal["full"], found: Findings) -> bool:
    """Return whether an epoch leaves out its last, smaller batch: also where batch norm would get a single row."""
    alone = batch_size != "full" and train > 1 and train % batch_size == 1
    normed = '"batch' in spec.model.model_dump_json()  # "norm": "batch", or a layer "batch_norm"
    if not spec.drop_last and alone and normed:
        found.warn(
            "last_batch_dropped",
            "The last batch has one row, from which batch norm can't compute a deviation.",
            "#/model",
        )
        return True
    return spec.drop_last


def check_kept(spec: JobSpec, found: Findings) -> None:
    """Refuse to keep more checkpoints than one job may have."""
    kept, every = spec.checkpoint.most(spec.epochs), spec.checkpoint.every_epochs
    if every and kept > MAX_KEPT:
        least = -(-spec.epochs // (MAX_KEPT - spec.checkpoint.most(0)))
        detail = f"would keep {kept} checkpoints; at most {MAX_KEPT} are kept: set it to at least {least}"
        found.faults.append(Fault("#/checkpoint/every_epochs", "out_of_range", detail, value=every, suggestion=least))
