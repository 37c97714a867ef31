"""How columns become inputs and outputs, and how many rows train: plain arithmetic, nothing is drawn or read."""

import math
from typing import Any

from services.columns import Column, TableInfo
from services.dates import cycles
from services.specs.resolve.value_hash import counted
from services.specs.schema.data import ColumnOptions, ColumnSplit, HashSplit, NoSplit, RandomSplit, TimeSplit
from services.specs.schema.job import JobSpec

ONE_HOT = 50  #: the commonest so many categories get an input each, if nothing is said
MIN_CLASS_ROWS = 5  #: classes with fewer rows are not stratified unless asked


def options(spec: JobSpec, name: str) -> ColumnOptions:
    """Return the options of a feature column."""
    return spec.data.columns.get(name, ColumnOptions())


def is_category(column: Column, chosen: ColumnOptions) -> bool:
    """Return whether a column's values get an input each."""
    return column.type == "category" or (chosen.type == "category" and column.type == "number")


def kept_categories(column: Column, chosen: ColumnOptions) -> list[int]:
    """Return the positions, in `values`, of the categories that get an input of their own: the commonest ones."""
    counts = column.counts or []
    by_count = sorted(range(len(counts)), key=lambda n: (-counts[n], n))
    return sorted(by_count[: ONE_HOT if chosen.max_categories == "auto" else chosen.max_categories])


def width(column: Column, chosen: ColumnOptions) -> int:
    """Return how many inputs a column makes: one, or one-hot ones; one more tells of missing values."""
    if column.shape is not None:
        return math.prod(column.shape)
    indicator = 1 if column.missing else 0
    if column.type == "datetime":
        return 1 + 2 * len(cycles(column)) + indicator
    if not is_category(column, chosen) or chosen.encoding == "embedding":
        return 1 + indicator
    kept = len(kept_categories(column, chosen))
    return kept + (1 if kept < len(column.values or []) else 0) + indicator


def classes(column: Column) -> list[Any]:
    """Return the values of a column that occur, sorted; [] if there are too many to be classes."""
    if column.counts is None:
        return list(column.values or [])  # of a plug-in's items, which nobody has counted
    return [value for value, count in zip(column.values or [], column.counts or [], strict=True) if count]


def class_counts(column: Column) -> list[int]:
    """Return how many rows each of the classes has."""
    return [count for count in column.counts or [] if count]


def input_width(spec: JobSpec, info: TableInfo) -> int:
    """Return the number of inputs of a resolved spec."""
    columns = {column.name: column for column in info.columns}
    return sum(width(columns[name], options(spec, name)) for name in spec.data.inputs)


def tensor_shape(spec: JobSpec, info: TableInfo) -> tuple[int, ...] | None:
    """Return the shape of one row's features when they are a tensor, None when they are columns."""
    given = [chosen.shape for chosen in spec.data.columns.values()] + [column.shape for column in info.columns]
    return next((tuple(shape) for shape in given if shape is not None), None)


def output_width(spec: JobSpec, info: TableInfo) -> int:
    """Return the number of outputs of a resolved spec: targets, one logit for two classes, else one for each class."""
    if spec.task == "regression":
        return len(spec.data.targets) * (2 if spec.loss != "auto" and spec.loss.type == "gaussian_nll" else 1)
    if spec.task == "multilabel":
        return len(spec.data.targets)
    return 1 if spec.task == "binary" else len(classes(info.column(spec.data.targets[0])))


def parts(spec: JobSpec, info: TableInfo) -> tuple[int, int, int]:
    """Return the numbers of training, validation and test rows of a spec whose split is resolved.

    Of a split by hash of more values than are counted they are what is to be expected: the rows are not read here.
    """
    split = spec.split
    if isinstance(split, NoSplit):
        return info.rows, 0, 0
    if isinstance(split, ColumnSplit):
        column = info.column(split.column)
        counts = dict(zip(classes(column), class_counts(column), strict=True))
        return counts.get("train", 0), counts.get("validation", 0), counts.get("test", 0)
    if isinstance(split, HashSplit) and (exact := counted(split, info.column(split.column))):
        return exact
    groups = [info.rows]
    if isinstance(split, RandomSplit) and split.stratify is True:
        groups = class_counts(info.column(spec.data.targets[0])) or groups
    held = [held_rows(rows, info.rows, split) for rows in groups]
    validation, test = sum(v for v, _ in held), sum(t for _, t in held)
    return info.rows - validation - test, validation, test


def held_rows(rows: int, all_rows: int, split: RandomSplit | TimeSplit | HashSplit) -> tuple[int, int]:
    """Return how many rows of a group validate, and how many test: `round(rows x share)`, at least 1 of each asked."""
    return _held(rows, all_rows, split.validation), 0 if split.test is None else _held(rows, all_rows, split.test)


def _held(rows: int, all_rows: int, part: float | int) -> int:
    share = part if isinstance(part, float) else part / all_rows
    return max(1, round(rows * share))
