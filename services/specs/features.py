"""How columns become inputs and outputs, and how many rows train: plain arithmetic, nothing is drawn or read."""

from typing import Any

from services.specs.columns import Column, TableInfo
from services.specs.data import ColumnSplit, NoSplit
from services.specs.job import JobSpec

MIN_CLASS_ROWS = 5  #: classes with fewer rows are not stratified unless asked


def width(column: Column) -> int:
    """Return how many inputs a column makes: one for each value of a category, else one."""
    return len(column.values or []) if column.type == "category" else 1


def classes(column: Column) -> list[Any]:
    """Return the values of a column that occur, sorted; [] if there are too many to be classes."""
    return [value for value, count in zip(column.values or [], column.counts or [], strict=True) if count]


def class_counts(column: Column) -> list[int]:
    """Return how many rows each of the classes has."""
    return [count for count in column.counts or [] if count]


def input_width(spec: JobSpec, info: TableInfo) -> int:
    """Return the number of inputs of a resolved spec."""
    columns = {column.name: column for column in info.columns}
    return sum(width(columns[name]) for name in spec.data.features)


def output_width(spec: JobSpec, info: TableInfo) -> int:
    """Return the number of outputs of a resolved spec: targets, one logit for two classes, else one for each class."""
    if spec.task == "regression":
        return len(spec.data.targets)
    return 1 if spec.task == "binary" else len(classes(info.column(spec.data.targets[0])))


def train_and_validation(spec: JobSpec, info: TableInfo) -> tuple[int, int]:
    """Return the numbers of training and of validation rows of a spec whose split is resolved."""
    if isinstance(spec.split, NoSplit):
        return info.rows, 0
    if isinstance(spec.split, ColumnSplit):
        column = info.column(spec.split.column)
        counts = dict(zip(classes(column), class_counts(column), strict=True))
        return counts.get("train", 0), counts.get("validation", 0)
    groups = [info.rows]
    if spec.split.stratify is True:
        groups = class_counts(info.column(spec.data.targets[0])) or groups
    validation = sum(validation_rows(rows, spec.split.validation) for rows in groups)
    return info.rows - validation, validation


def validation_rows(rows: int, fraction: float) -> int:
    """Return how many rows of a group validate: `round(rows x fraction)`, at least 1."""
    return max(1, round(rows * fraction))
