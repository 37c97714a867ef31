"""Turns a submitted spec into a resolved one: every `auto` decided, every fault that the data shows told at once."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.columns import TableInfo
from services.errors import Fault, InvalidRequest
from services.specs.resolve import tasks
from services.specs.resolve.categories import with_encodings
from services.specs.resolve.certain_failures import check_certain
from services.specs.resolve.column_faults import (
    feature_faults,
    missing_faults,
    option_faults,
    tensor_columns,
    unknown_column,
    weight_faults,
)
from services.specs.resolve.defaults import batch_size_of, check_kept, drops_last, metrics_of, monitor_of
from services.specs.resolve.embedding_faults import embedding_faults
from services.specs.resolve.estimate import estimate, steps_per_epoch
from services.specs.resolve.features import parts
from services.specs.resolve.findings import Findings
from services.specs.resolve.item_faults import item_faults, of_items
from services.specs.resolve.memory_check import check_memory
from services.specs.resolve.source_faults import plugin_faults
from services.specs.resolve.split_choice import MIN_ROWS, with_split
from services.specs.schema.data import (
    INLINE,
    ColumnOptions,
    ColumnSplit,
    Exclude,
    HashSplit,
    TimeSplit,
)
from services.specs.schema.job import JobSpec
from services.specs.schema.losses import LOSS_OF
from services.specs.schema.models import Plugin

SMALL_VALIDATION = 50  #: fewer validation rows are worth a warning
LARGE_CHECKPOINTS = 2**30  #: bytes of all that a job keeps that are worth a warning
BESIDE = {"name", "tags", "metadata", "priority"}  #: what a job shows beside its spec


#: Builds a resolved spec's model without memory; returns its parameters and shapes. Raises: InvalidRequest.
Measure = Callable[[JobSpec, TableInfo], dict[str, Any]]


@dataclass(frozen=True)
class Limits:
    """What the operator allows one job."""

    epochs: int
    parameters: int
    plugins: tuple[str, ...] = ()
    trainer_bytes: Mapping[str, int | None] = field(default_factory=dict)  #: by device, of the largest online worker


@dataclass(frozen=True)
class Resolved:
    """A spec that says everything, and what is to be said about it."""

    spec: JobSpec
    warnings: list[dict[str, Any]]
    model_summary: dict[str, Any]
    estimate: dict[str, Any]
    started_new: list[str] = field(default_factory=list)  #: weights that a warm start leaves as they begin


def resolve(
    spec: JobSpec,
    info: TableInfo,
    *,
    dataset: str | None,
    suggested_target: str | None,
    cuda_online: bool,
    limits: Limits,
    measure: Measure,
    found: Findings | None = None,
) -> Resolved:
    """Return the spec with every choice made. Resolving it again changes nothing.

    `dataset` is the id to put in place of inline rows or of a data set's name; None keeps `builtin` and `plugin`.
    `found` is what was found before.
    Raises: InvalidRequest with every fault that the spec and the columns show together.
    """
    found = found or Findings()
    if spec.epochs > limits.epochs:
        found.faults.append(Fault("#/epochs", "out_of_range", f"is {spec.epochs}; must be at most {limits.epochs}"))
    if isinstance(spec.model, Plugin):
        found.faults += plugin_faults("#/model/name", spec.model.name, limits.plugins)
    if spec.data.plugin is not None:
        found.faults += item_faults(spec, info)
        found.check()
        spec = spec.model_copy(update={"data": of_items(spec.data, info)})
    spec = _with_columns(spec, info, suggested_target, found)
    found.check()  # what follows needs columns that are there
    found.faults += embedding_faults(spec, info)
    spec = _with_task(spec, info, found)
    found.check()
    spec = with_split(spec, info, found, given=dataset is not None and bool(spec.data.x_val or spec.data.x_test))
    spec = _with_training(spec, info, cuda_online, found)
    found.check()
    data = {**dict.fromkeys(INLINE), "dataset": dataset}
    spec = spec.model_copy(update={"data": spec.data.model_copy(update=data)})
    summary = measure(spec, info)
    if summary["parameters"] > limits.parameters:
        detail = f"makes {summary['parameters']} parameters; must be at most {limits.parameters}"
        raise InvalidRequest([Fault("#/model", "out_of_range", detail)])
    check_certain(spec, info, summary, found)
    takes = estimate(spec, info, summary)
    check_memory(spec, summary, takes, limits.trainer_bytes, found)
    found.check()
    if takes["checkpoint_bytes"] > LARGE_CHECKPOINTS:
        message = f"The kept checkpoints may take {takes['checkpoint_bytes'] / 2**30:.1f} GiB of the database."
        found.warn("checkpoints_large", message, "#/checkpoint")
    return Resolved(spec, found.warnings, summary, takes)


def resolved_json(spec: JobSpec) -> dict[str, Any]:
    """Return a resolved spec as a job shows it; posting it again trains the same."""
    echo = spec.model_dump(mode="json", exclude=BESIDE)
    echo["data"] = {name: value for name, value in echo["data"].items() if value is not None}
    return echo


def _with_columns(spec: JobSpec, info: TableInfo, suggested: str | None, found: Findings) -> JobSpec:
    data = spec.data
    targets = data.targets or ([suggested] if suggested else [])
    if data.x is not None:
        targets = data.targets or [name for name in info.names if name == "y" or name.startswith("y")]
    if not targets:
        found.faults.append(Fault("#/data/target", "missing", "is missing", allowed=info.names))
        return spec
    for n, name in enumerate(targets):
        pointer = "#/data/target" if isinstance(data.target, str | None) else f"#/data/target/{n}"
        found.faults += unknown_column(pointer, name, info)
    by_column = spec.split.column if isinstance(spec.split, ColumnSplit | TimeSplit | HashSplit) else None
    if by_column is None and (data.x_val is not None or data.x_test is not None):
        by_column = "split"
    elif by_column is not None:
        found.faults += unknown_column("#/split/column", by_column, info)
    if data.weight is not None:
        found.faults += unknown_column("#/data/weight", data.weight, info) or weight_faults(data.weight, targets, info)
    taken = {*targets, by_column, data.weight}
    if tensors := [name for name, chosen in data.columns.items() if chosen.type == "tensor"]:
        features, faults = tensor_columns(data.columns, tensors, info)
        found.faults += faults
    elif isinstance(data.features, list):
        features = list(data.features)
        for n, name in enumerate(features):
            found.faults += unknown_column(f"#/data/features/{n}", name, info)
            if name in {*targets, data.weight} or features.index(name) != n:
                why = "stands there twice" if name not in {*targets, data.weight} else "is the target or the weight"
                found.faults.append(Fault(f"#/data/features/{n}", "invalid", f"{name!r} {why}"))
    else:
        excluded = data.features.exclude if isinstance(data.features, Exclude) else []
        for n, name in enumerate(excluded):
            found.faults += unknown_column(f"#/data/features/exclude/{n}", name, info)
        # Inline rows are numbers that somebody chose to learn from; so is a column that is given options.
        keep = set(info.names) if data.x is not None else set(data.columns)
        features = _auto_features(info, {*taken, *excluded}, keep, found)
    if not features:
        found.faults.append(Fault("#/data/features", "too_short", "has no column that can be learnt from"))
    learnt = set(features)
    for column in info.columns:
        if column.name in learnt:
            found.faults += feature_faults(column, data.columns.get(column.name, ColumnOptions()))
            if tensors:  # a missing value has no place in a tensor for the input that would tell of it
                found.faults += missing_faults(column)
        elif column.name in taken:
            found.faults += missing_faults(column)
    found.faults += option_faults(data.columns, features, info)
    if found.faults:
        return spec
    columns = with_encodings(spec, features, info, found)
    update = {"target": targets[0] if len(targets) == 1 else targets, "features": features, "columns": columns}
    scale = data.scale
    if scale == "auto":
        scale = "quantile" if getattr(spec.model, "number_embedding", None) else "standard"
    return spec.model_copy(update={"data": data.model_copy(update={**update, "scale": scale})})


def _auto_features(info: TableInfo, taken: set[str | None], keep: set[str], found: Findings) -> list[str]:
    features = []
    for column in info.columns:
        if column.type == "category" and column.values is None and column.name not in taken:
            found.warn("column_left_out", f"{column.name!r} has too many different texts to learn from.", "#/data")
        elif column.name not in taken:
            features.append(column.name)
    ids = {name: None for name in features if name not in keep and info.column(name).names_rows(info.rows)}
    if info.rows < MIN_ROWS or len(ids) == len(features):
        return features
    for name in ids:
        message = f"{name!r} only names the rows, no two alike. To learn from it, name it in features."
        found.warn("column_left_out", message, "#/data/features")
    return [name for name in features if name not in ids]


def _with_task(spec: JobSpec, info: TableInfo, found: Findings) -> JobSpec:
    task, guessed = tasks.task_of(spec, info)
    found.faults += tasks.contradictions(spec, task, info)
    if guessed:
        column = info.column(spec.data.targets[0])
        message = (
            f"{column.name!r} has {len(column.values or [])} whole numbers: taken as classes. Say task to be sure."
        )
        found.warn("task_guessed", message, "#/task")
    loss = LOSS_OF[task]() if spec.loss == "auto" else spec.loss
    scale = spec.data.target_scale
    if task != "regression":
        if scale not in {"auto", "none"}:
            found.faults.append(Fault("#/data/target_scale", "invalid", "classes are not scaled; leave it out"))
        scale = "none"
    elif not isinstance(loss, str) and loss.type == "poisson_nll":
        if scale not in {"auto", "none"}:
            found.faults.append(Fault("#/data/target_scale", "invalid", "counts are not scaled; leave it out"))
        scale = "none"
    elif scale == "auto":
        scale = "standard"
    data = spec.data.model_copy(update={"target_scale": scale})
    return spec.model_copy(update={"task": task, "loss": loss, "data": data})


def _with_training(spec: JobSpec, info: TableInfo, cuda_online: bool, found: Findings) -> JobSpec:
    if found.faults:
        return spec
    train, validation, test = parts(spec, info)
    if train < 1:
        found.faults.append(Fault("#/split/validation", "out_of_range", "leaves no row to train on"))
        return spec
    if isinstance(spec.split, HashSplit) and not (validation and (test or spec.split.test is None)):
        empty = "test" if validation else "validation"
        detail = f"leaves no {empty} row: the values of {spec.split.column!r} are too few to be shared out so"
        hint = "split by a column with more values, or by rows: random"
        found.faults.append(Fault(f"#/split/{empty}", "out_of_range", detail, hint=hint))
        return spec
    metrics = metrics_of(spec, validation, found)
    monitor, stopping = monitor_of(spec, validation, metrics, found), spec.early_stopping
    if not validation:
        stopping = False
        message = "No rows validate: the best epoch is the one of the lowest training cost, early stopping is off."
        found.warn("no_validation_split", message, "#/split")
    elif validation < SMALL_VALIDATION:
        message = f"{info.rows} rows: costs and metrics on {validation} validation rows are coarse."
        found.warn("small_dataset", message, "#/split")
    device = spec.device
    if device == "auto":
        device = "cuda" if cuda_online else "cpu"
    elif device == "cuda" and not cuda_online:
        found.warn("no_worker_for_device", "No GPU worker is online; the job will wait.", "#/device")
    batch_size = batch_size_of(spec, train, found)
    check_kept(spec, found)
    update = {
        "batch_size": batch_size,
        "drop_last": drops_last(spec, train, batch_size, found),
        "metrics": metrics,
        "monitor": monitor,
        "early_stopping": stopping,
        "validation": spec.validation.model_copy(update={"batch_size": spec.validation.rows}),
        "device": device,
        "seed": secrets.randbits(32) if spec.seed is None else spec.seed,
    }
    spec = spec.model_copy(update=update)
    if not found.faults and steps_per_epoch(spec, info) == 0:
        found.faults.append(Fault("#/drop_last", "invalid", f"leaves no batch: {train} rows train"))
    return spec
