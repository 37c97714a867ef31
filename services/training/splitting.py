"""Which rows train and which validate."""

import numpy as np

from services.specs.columns import TableInfo
from services.specs.data import RandomSplit
from services.specs.features import validation_rows
from services.specs.job import JobSpec
from services.training.data import order


def split(spec: JobSpec, info: TableInfo, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the training and of the validation rows, both ascending.

    Random: the first `validation_rows` rows of the order of epoch 0 validate; stratified: the first of each class.
    """
    rows = np.arange(info.rows)
    if spec.split.type == "none":
        return rows, rows[:0]
    if spec.split.type == "column":
        column = info.column(spec.split.column)
        says = table[:, info.names.index(column.name)]
        train = (column.values or []).index("train")
        return rows[says == train], rows[says != train]
    assert isinstance(spec.split, RandomSplit)
    shuffled = order(info.rows, spec.seed or 0, 0).numpy()
    groups = [shuffled]
    if spec.split.stratify is True:
        classes = table[:, info.names.index(spec.data.targets[0])][shuffled]
        groups = [shuffled[classes == value] for value in np.unique(classes)]
    validating = np.concatenate([group[: validation_rows(len(group), spec.split.validation)] for group in groups])
    return np.setdiff1d(rows, validating), np.sort(validating)
