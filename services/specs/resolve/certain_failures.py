"""What of a resolved spec is certain to fail while it trains: reported at submit, so that no attempt is spent on it."""

import math
from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.estimate import steps_per_epoch
from services.specs.resolve.features import class_counts, classes, held_rows, parts
from services.specs.resolve.findings import Findings
from services.specs.schema.job import JobSpec
from services.specs.schema.schedulers import Cosine, LinearWarmup, OneCycle


def check_certain(spec: JobSpec, info: TableInfo, summary: dict[str, Any], found: Findings) -> None:
    """Note every fault that the first epochs would meet; `summary` holds the layers of the model."""
    found.faults += _class_weight_faults(spec, info)
    found.faults += _class_row_faults(spec, info)
    found.faults += _precision_faults(spec)
    found.faults += _calibration_faults(spec, info)
    found.faults += _schedule_faults(spec, info)
    if needs_two_rows(summary) and smallest_part(spec, parts(spec, info)[0]) == 1:
        found.faults.append(_single_row_fault(spec))
    _check_warmup(spec, found)


def needs_two_rows(summary: dict[str, Any]) -> bool:
    """Return whether a layer takes a deviation over the batch of what has one value a row, as batch norm does."""
    layers = summary.get("layers") or []
    return any(layer["type"].startswith("batch_norm") and math.prod(layer["in"][1:]) == 1 for layer in layers)


def smallest_part(spec: JobSpec, train: int, micro: int | None = None) -> int:
    """Return the fewest rows that the model ever trains on at once; `train` is how many rows train."""
    size = train if spec.batch_size == "full" else min(int(spec.batch_size), train)
    sizes = {size} if spec.drop_last or not train % size else {size, train % size}
    rows = micro or spec.micro_batch_size
    if rows:
        sizes = {part for size in sizes for part in (min(rows, size), size % rows) if part}
    return min(sizes)


def _class_weight_faults(spec: JobSpec, info: TableInfo) -> list[Fault]:
    weights = getattr(spec.loss, "class_weight", None)
    if not isinstance(weights, list):
        return []
    names = classes(info.column(spec.data.targets[0]))
    if len(weights) == len(names):
        return []
    detail = f"has {len(weights)} weights for {len(names)} classes: {', '.join(map(str, names[:20]))}"
    return [Fault("#/loss/class_weight", "shape_mismatch", detail)]


def _class_row_faults(spec: JobSpec, info: TableInfo) -> list[Fault]:
    """Return the classes whose few rows all validate or test, where the split says so without a draw."""
    if getattr(spec.split, "type", None) != "random" or spec.split.stratify is not True:  # type: ignore[union-attr]
        return []
    column = info.column(spec.data.targets[0])
    counted = zip(classes(column), class_counts(column), strict=True)
    without = [name for name, rows in counted if rows <= sum(held_rows(rows, info.rows, spec.split))]  # type: ignore[arg-type]
    if not without:
        return []
    detail = f"leaves no row to train on for {len(without)} classes, the first {str(without[0])[:80]!r}"
    return [Fault("#/split", "out_of_range", detail, hint="validate and test fewer rows, or set stratify: false")]


def _precision_faults(spec: JobSpec) -> list[Fault]:
    if spec.precision != "fp16" or spec.device != "cpu":
        return []
    return [Fault("#/precision", "invalid", "is fp16, which needs a GPU", "fp16", "bf16", ["fp32", "bf16"])]


def _calibration_faults(spec: JobSpec, info: TableInfo) -> list[Fault]:
    if spec.calibrate is None:
        return []
    if spec.task == "regression":
        detail = "is for classification: a regression has no probabilities; the loss gaussian_nll learns deviations"
        return [Fault("#/calibrate", "invalid", detail, spec.calibrate)]
    if not parts(spec, info)[1]:
        return [Fault("#/calibrate", "invalid", "needs validation rows; the split leaves none", spec.calibrate)]
    return []


def _schedule_faults(spec: JobSpec, info: TableInfo) -> list[Fault]:
    if not isinstance(spec.scheduler, OneCycle):
        return []
    steps = steps_per_epoch(spec, info) * spec.epochs
    # PyTorch divides by the length of the rise, `pct_start * steps - 1`.
    if float(spec.scheduler.pct_start * steps) - 1 != 0:
        return []
    detail = f"is {spec.scheduler.pct_start}: with {steps} steps the rise would be a single step, which is too short"
    return [Fault("#/scheduler/pct_start", "out_of_range", detail, hint="let it rise for more steps, or train longer")]


def _single_row_fault(spec: JobSpec) -> Fault:
    hint = "batch norm can't compute a deviation from a single row: use more rows, or layer norm"
    if spec.micro_batch_size:
        return Fault("#/micro_batch_size", "out_of_range", "gives the model a single row at a time", hint=hint)
    return Fault("#/batch_size", "out_of_range", "gives the model a single row at a time", hint=hint)


def _check_warmup(spec: JobSpec, found: Findings) -> None:
    scheduler = spec.scheduler
    if isinstance(scheduler, Cosine):
        rise, key = scheduler.warmup_epochs, "warmup_epochs"
    elif isinstance(scheduler, LinearWarmup):
        rise, key = scheduler.epochs, "epochs"
    else:
        return
    if rise > spec.epochs:
        message = (
            f"The learning rate rises for {rise} epochs, of which only {spec.epochs} are trained: it never reaches lr."
        )
        found.warn("warmup_longer_than_job", message, f"#/scheduler/{key}")
