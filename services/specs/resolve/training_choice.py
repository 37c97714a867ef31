"""How a job trains, measures and stops where its spec leaves that open, and what the numbers of rows do not allow."""

import secrets
from dataclasses import dataclass
from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.defaults import batch_size_of, check_kept, drops_last, metrics_of, monitor_of
from services.specs.resolve.estimate import steps_per_epoch
from services.specs.resolve.facts import device_of
from services.specs.resolve.features import parts
from services.specs.resolve.findings import Findings
from services.specs.schema.data import HashSplit
from services.specs.schema.job import JobSpec

SMALL_VALIDATION = 50  #: fewer validation rows are worth a warning


@dataclass(frozen=True)
class Parts:
    """How many rows train, validate and test."""

    train: int
    validation: int
    test: int


def with_training(spec: JobSpec, info: TableInfo, cuda_online: bool, found: Findings) -> JobSpec:
    """Return the spec with batches, metrics, monitor, device and seed decided; as it is when a part lacks rows."""
    rows = Parts(*parts(spec, info))
    if faults := _part_faults(spec, rows):
        found.faults += faults
        return spec
    _warn_of_few(info, rows.validation, found)
    metrics = metrics_of(spec, rows.validation, found)
    batch_size = batch_size_of(spec, rows.train, found)
    check_kept(spec, found)
    update: dict[str, Any] = {
        "batch_size": batch_size,
        "drop_last": drops_last(spec, rows.train, batch_size, found),
        "metrics": metrics,
        "monitor": monitor_of(spec, rows.validation, metrics, found),
        "early_stopping": spec.early_stopping if rows.validation else False,
        "validation": spec.validation.model_copy(update={"batch_size": spec.validation.rows}),
        "device": _device(spec, cuda_online, found),
        "seed": secrets.randbits(32) if spec.seed is None else spec.seed,
    }
    spec = spec.model_copy(update=update)
    if not found.faults and steps_per_epoch(spec, info) == 0:
        found.faults.append(Fault("#/drop_last", "invalid", f"leaves no batch: there are {rows.train} training rows"))
    return spec


def _part_faults(spec: JobSpec, rows: Parts) -> list[Fault]:
    if rows.train < 1:
        return [Fault("#/split/validation", "out_of_range", "leaves no row to train on")]
    if not isinstance(spec.split, HashSplit) or (rows.validation and (rows.test or spec.split.test is None)):
        return []
    empty = "test" if rows.validation else "validation"
    detail = f"leaves no {empty} row: {spec.split.column!r} has too few values to be split this way"
    hint = "split by a column with more values, or by rows: random"
    return [Fault(f"#/split/{empty}", "out_of_range", detail, hint=hint)]


def _warn_of_few(info: TableInfo, validation: int, found: Findings) -> None:
    if not validation:
        message = (
            "There are no validation rows: the best epoch has the lowest training cost, and early stopping is off."
        )
        found.warn("no_validation_split", message, "#/split")
    elif validation < SMALL_VALIDATION:
        message = f"{info.rows} rows: costs and metrics on {validation} validation rows are coarse."
        found.warn("small_dataset", message, "#/split")


def _device(spec: JobSpec, cuda_online: bool, found: Findings) -> str:
    if spec.device == "cuda" and not cuda_online:
        found.warn("no_worker_for_device", "No GPU worker is online; the job will wait.", "#/device")
    return device_of(spec.device, cuda_online)
