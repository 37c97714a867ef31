"""Which rows train, which validate and which test."""

from dataclasses import dataclass

import numpy as np

from services.columns import TableInfo
from services.specs.resolve.features import held_rows
from services.specs.resolve.value_hash import share_of
from services.specs.schema.data import ColumnSplit, HashSplit, RandomSplit, TimeSplit
from services.specs.schema.job import JobSpec
from services.training.input.rows import order


@dataclass(frozen=True)
class Parts:
    """Which rows are of each part. Shapes: (rows of the table,) bool."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(spec: JobSpec, info: TableInfo, table: np.ndarray) -> Parts:
    """Return the parts of a table.

    Random: the first rows of the order of epoch 0 validate, the next ones test; stratified: the same in each class.
    """
    if isinstance(spec.split, ColumnSplit):
        return _by_column(spec.split, info, table)
    if isinstance(spec.split, RandomSplit):
        return _at_random(spec, spec.split, info, table)
    if isinstance(spec.split, TimeSplit):
        return _by_time(spec.split, info, table)
    if isinstance(spec.split, HashSplit):
        return _by_hash(spec.split, info, table)
    none = np.zeros(info.rows, dtype=bool)
    return Parts(~none, none, none)


def _by_column(split: ColumnSplit, info: TableInfo, table: np.ndarray) -> Parts:
    column = info.column(split.column)
    says = table[:, info.names.index(column.name)]
    known = {value: n for n, value in enumerate(column.values or [])}
    return Parts(*(says == known.get(part, -1) for part in ("train", "validation", "test")))


def _at_random(spec: JobSpec, split: RandomSplit, info: TableInfo, table: np.ndarray) -> Parts:
    shuffled = order(info.rows, spec.seed or 0, 0).numpy()
    groups = [shuffled]
    if split.stratify is True:
        classes = np.asarray(table[:, info.names.index(spec.data.targets[0])])[shuffled]
        groups = [shuffled[classes == value] for value in np.unique(classes)]
    counts = [held_rows(len(group), info.rows, split) for group in groups]
    held = [
        (group[:validates], group[validates : validates + tests])
        for group, (validates, tests) in zip(groups, counts, strict=True)
    ]
    return _without(info.rows, *(np.concatenate(part) for part in zip(*held, strict=True)))


def _by_time(split: TimeSplit, info: TableInfo, table: np.ndarray) -> Parts:
    times = np.asarray(table[:, info.names.index(split.column)])
    newest_first = np.argsort(-times, kind="stable")
    validation, test = held_rows(info.rows, info.rows, split)
    return _without(info.rows, newest_first[test : test + validation], newest_first[:test])


def _by_hash(split: HashSplit, info: TableInfo, table: np.ndarray) -> Parts:
    """A value's share of the circle of SHA-256 says where its rows go, so that they stay there as the data grows."""
    column = info.column(split.column)
    cells = np.asarray(table[:, info.names.index(split.column)])
    values, positions = np.unique(cells, return_inverse=True)
    shares = np.array([share_of(float(value), column) for value in values])[positions]
    bound = split.validation + (split.test or 0.0)
    return Parts(shares >= bound, shares < split.validation, (shares >= split.validation) & (shares < bound))


def _without(rows: int, validation: np.ndarray, test: np.ndarray) -> Parts:
    """Return parts of which the first has all rows but these; both (rows of the part,) int64."""
    parts = Parts(np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool))
    for part, held in ((parts.validation, validation), (parts.test, test)):
        part[held], parts.train[held] = True, False
    return parts
