"""Which columns a job learns from and which it learns, with every fault of the columns that the spec names."""

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.categories import with_encodings
from services.specs.resolve.column_faults import (
    feature_faults,
    missing_faults,
    option_faults,
    tensor_columns,
    unknown_column,
    weight_faults,
)
from services.specs.resolve.findings import Findings
from services.specs.resolve.split_choice import MIN_ROWS
from services.specs.schema.data import ColumnOptions, ColumnSplit, Data, Exclude, HashSplit, TimeSplit
from services.specs.schema.job import JobSpec


def with_columns(spec: JobSpec, info: TableInfo, suggested: str | None, found: Findings) -> JobSpec:
    """Return the spec with its target, features and their encodings named; as it is when a column is at fault."""
    targets = _targets(spec.data, info, suggested)
    if not targets:
        found.faults.append(Fault("#/data/target", "missing", "is missing", allowed=info.names))
        return spec
    found.faults += _target_faults(spec.data, targets, info)
    by_column = _split_column(spec, info, found)
    if spec.data.weight is not None:
        unknown = unknown_column("#/data/weight", spec.data.weight, info)
        found.faults += unknown or weight_faults(spec.data.weight, targets, info)
    features = _features(spec.data, info, targets, by_column, found)
    if not features:
        found.faults.append(Fault("#/data/features", "too_short", "has no column to learn from"))
    _check_cells(spec.data, info, features, {*targets, by_column, spec.data.weight}, found)
    found.faults += option_faults(spec.data.columns, features, info)
    if found.faults:
        return spec
    update = {
        "target": targets[0] if len(targets) == 1 else targets,
        "features": features,
        "columns": with_encodings(spec, features, info, found),
        "scale": _scale(spec),
    }
    return spec.model_copy(update={"data": spec.data.model_copy(update=update)})


def _targets(data: Data, info: TableInfo, suggested: str | None) -> list[str]:
    if data.targets:
        return data.targets
    if data.x is not None:
        return [name for name in info.names if name == "y" or name.startswith("y")]
    return [suggested] if suggested else []


def _target_faults(data: Data, targets: list[str], info: TableInfo) -> list[Fault]:
    faults = []
    for n, name in enumerate(targets):
        pointer = "#/data/target" if isinstance(data.target, str | None) else f"#/data/target/{n}"
        faults += unknown_column(pointer, name, info)
    return faults


def _split_column(spec: JobSpec, info: TableInfo, found: Findings) -> str | None:
    """Return the column that the split goes by, None if it goes by rows."""
    if isinstance(spec.split, ColumnSplit | TimeSplit | HashSplit):
        found.faults += unknown_column("#/split/column", spec.split.column, info)
        return spec.split.column
    return "split" if spec.data.x_val is not None or spec.data.x_test is not None else None


def _features(data: Data, info: TableInfo, targets: list[str], by_column: str | None, found: Findings) -> list[str]:
    """Return the columns to learn from."""
    if tensors := _tensors(data):
        features, faults = tensor_columns(data.columns, tensors, info)
        found.faults += faults
        return features
    if isinstance(data.features, list):
        found.faults += _named_faults(data.features, {*targets, data.weight}, info)
        return list(data.features)
    excluded = data.features.exclude if isinstance(data.features, Exclude) else []
    for n, name in enumerate(excluded):
        found.faults += unknown_column(f"#/data/features/exclude/{n}", name, info)
    # Inline rows are numbers that somebody chose to learn from; so is a column that is given options.
    keep = set(info.names) if data.x is not None else set(data.columns)
    return _auto_features(info, {*targets, by_column, data.weight, *excluded}, keep, found)


def _tensors(data: Data) -> list[str]:
    return [name for name, chosen in data.columns.items() if chosen.type == "tensor"]


def _named_faults(features: list[str], taken: set[str | None], info: TableInfo) -> list[Fault]:
    faults = []
    for n, name in enumerate(features):
        faults += unknown_column(f"#/data/features/{n}", name, info)
        if name in taken or features.index(name) != n:
            why = "is the target or the weight" if name in taken else "occurs twice"
            faults.append(Fault(f"#/data/features/{n}", "invalid", f"{name!r} {why}"))
    return faults


def _auto_features(info: TableInfo, taken: set[str | None], keep: set[str], found: Findings) -> list[str]:
    features = []
    for column in info.columns:
        if column.type == "category" and column.values is None and column.name not in taken:
            found.warn("column_left_out", f"{column.name!r} has too many different values to learn from.", "#/data")
        elif column.name not in taken:
            features.append(column.name)
    ids = {name: None for name in features if name not in keep and info.column(name).names_rows(info.rows)}
    if info.rows < MIN_ROWS or len(ids) == len(features):
        return features
    for name in ids:
        message = f"{name!r} only identifies the rows: no two are alike. To learn from it, name it in features."
        found.warn("column_left_out", message, "#/data/features")
    return [name for name in features if name not in ids]


def _check_cells(data: Data, info: TableInfo, features: list[str], taken: set[str | None], found: Findings) -> None:
    tensors = _tensors(data)
    learnt = set(features)
    for column in info.columns:
        if column.name in learnt:
            found.faults += feature_faults(column, data.columns.get(column.name, ColumnOptions()))
            if tensors:  # a missing value has no place in a tensor for the input that would tell of it
                found.faults += missing_faults(column)
        elif column.name in taken:
            found.faults += missing_faults(column)


def _scale(spec: JobSpec) -> str:
    if spec.data.scale != "auto":
        return spec.data.scale
    return "quantile" if getattr(spec.model, "number_embedding", None) else "standard"
