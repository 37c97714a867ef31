"""Signs in the data that a good cost, or any, says little of the model: given as warnings, nothing is changed."""

import math
from typing import Any

import numpy as np

from services.columns import TableInfo
from services.specs.resolve.features import classes, is_category, options
from services.specs.resolve.memory import COMPARED_CELLS
from services.specs.schema.job import JobSpec

MOST_ROWS, MOST_FEATURES = 10_000, 200  #: more are not looked at: a sign of so many is one of all
BLOCK_CELLS = 1 << 18  #: of them that are looked at at once
FEW_ROWS = 20  #: fewer rows fit one feature by chance
ROWS_A_VALUE = 5  #: fewer rows for each category fit by chance
CHANCE = 1e-6  #: how likely a perfect order of the classes may be among features that say nothing
PERFECT = 1 - 1e-6  #: a squared correlation
REPEATED = 0.01  #: the share of validation rows from which repeated rows, beyond chance, are reported


def constant_targets(spec: JobSpec, info: TableInfo, cells: np.ndarray) -> list[dict[str, Any]]:
    """Return a warning for each target that is the same in all training rows. Shapes: cells (rows, columns)."""
    found = []
    for name in spec.data.targets:
        target = cells[:, info.names.index(name)]
        if len(target) and target.min() == target.max():
            message = f"{name!r} is constant, the same in every training row: there is nothing to learn."
            found.append(_warning("constant_target", message, "#/data/target"))
    return found


def classes_without_rows(spec: JobSpec, info: TableInfo, counts: list[int]) -> list[dict[str, Any]]:
    """Return a warning if a class has no row to be learnt from, which a split that was drawn only shows now.

    `counts` are the training rows of each class.
    """
    without = [] if spec.task != "multiclass" else [n for n, rows in enumerate(counts) if not rows]
    if not without:
        return []
    names = classes(info.column(spec.data.targets[0]))
    said = ", ".join(repr(names[n]) for n in without[:5]) + (
        f" and {len(without) - 5} more" if len(without) > 5 else ""
    )
    message = f"No training row has the class {said}: it can't be predicted. Set stratify: true, or add rows of it."
    return [_warning("class_without_training_rows", message, "#/split")]


def leaking_features(spec: JobSpec, info: TableInfo, cells: np.ndarray) -> list[dict[str, Any]]:
    """Return a warning if single features predict the target of the training rows perfectly.

    A feature that is the only one can't leak: it is all that there is to predict from.
    Shapes: cells (rows, columns) float32.
    """
    names = spec.data.inputs
    if len(names) < 2 or len(spec.data.targets) != 1 or len(cells) < FEW_ROWS:
        return []
    some = cells[:MOST_ROWS]
    target = some[:, info.names.index(spec.data.targets[0])]
    leaks = [
        name
        for name in names[:MOST_FEATURES]
        if _predicts(
            some[:, info.names.index(name)],
            target,
            spec.task,
            len(names),
            named=info.column(name).type == "boolean" or is_category(info.column(name), options(spec, name)),
        )
    ]
    if not leaks:
        return []
    said = ", ".join(map(repr, leaks[:5])) + (f" and {len(leaks) - 5} more" if len(leaks) > 5 else "")
    message = f"{said} alone predicts the target perfectly. If it is only known once the target is known, leave it out."
    return [_warning("possible_leakage", message, "#/data/features") | {"columns": leaks[:5]}]


def repeated_rows(
    spec: JobSpec, info: TableInfo, table: np.ndarray, train: np.ndarray, validation: np.ndarray
) -> list[dict[str, Any]]:
    """Return a warning if many validation rows, targets and all, stand among the training rows too.

    Shapes: table (rows, columns) float32; train and validation (rows,) bool.
    """
    used = [info.names.index(name) for name in [*spec.data.inputs, *spec.data.targets]]
    most = COMPARED_CELLS // len(used)
    known, held = np.flatnonzero(train)[:most], np.flatnonzero(validation)[: most // 4]
    train_rows, held_rows = table[known][:, used], table[held][:, used]
    repeated = _count_repeated(train_rows, held_rows)
    if repeated <= REPEATED * len(held):
        return []
    # Rows of few different values repeat by nature: as often as they do where each column is shuffled by itself.
    draw = np.random.default_rng(0)
    by_nature = _count_repeated(draw.permuted(train_rows, axis=0), draw.permuted(held_rows, axis=0))
    if repeated - by_nature <= REPEATED * len(held):
        return []
    message = (
        f"{repeated:,} of {len(held):,} validation rows are also among the training rows, cell by cell, so the "
        "validation cost says little about new rows. Remove duplicates, or split by hash of what belongs together."
    )
    return [_warning("duplicate_rows", message, "#/split")]


def _predicts(feature: np.ndarray, target: np.ndarray, task: str, features: int, *, named: bool) -> bool:
    there = ~np.isnan(feature) & ~np.isnan(target)
    feature, target = feature[there].astype(np.float64), target[there].astype(np.float64)
    if len(feature) < FEW_ROWS:
        return False
    if named:
        return _names(feature, target, task)
    return _correlates(feature, target) if task == "regression" else _orders(feature, target, features)


def _names(feature: np.ndarray, target: np.ndarray, task: str) -> bool:
    """Return whether each category has one target, and enough rows that this is no chance."""
    targets, counts = np.unique(target, return_counts=True)
    values = len(np.unique(feature))
    if values < 2 or len(targets) < 2 or len(feature) < ROWS_A_VALUE * values:
        return False
    if task != "regression" and counts.min() < ROWS_A_VALUE:
        return False
    return len(np.unique(np.column_stack([feature, target]), axis=0)) == values


def _correlates(feature: np.ndarray, target: np.ndarray) -> bool:
    """Return whether the target is the feature on another scale: their squared correlation is 1, but for rounding."""
    x, y = feature - feature.mean(), target - target.mean()
    spread = float(x @ x) * float(y @ y)
    return len(np.unique(target)) > 2 and spread > 0 and float(x @ y) ** 2 / spread > PERFECT


def _orders(feature: np.ndarray, target: np.ndarray, features: int) -> bool:
    """Return whether thresholds of the feature part the classes, which a few rows in a random order would hardly do.

    Source: of n rows in k classes of n1 ... nk, k! of the n! / (n1! ... nk!) orders part them.
    """
    by_feature = np.lexsort((target, feature))
    x, y = feature[by_feature], target[by_feature]
    counts = np.unique(y, return_counts=True)[1]
    change = y[1:] != y[:-1]
    if len(counts) < 2 or int(change.sum()) != len(counts) - 1 or (change & (x[1:] == x[:-1])).any():
        return False
    orders = math.lgamma(len(y) + 1) - sum(math.lgamma(int(n) + 1) for n in counts)
    return math.log(features) + math.lgamma(len(counts) + 1) - orders < math.log(CHANCE)


def _count_repeated(known: np.ndarray, held: np.ndarray) -> int:
    return int(np.isin(_digests(held), _digests(known)).sum())


def _digests(rows: np.ndarray) -> np.ndarray:
    """Return a number of 64 bits for each row, alike for equal rows. Shapes: rows (rows, columns) float32."""
    odd = np.random.default_rng(0).integers(0, 2**63, size=(2, rows.shape[1]), dtype=np.uint64) * np.uint64(2) + 1
    digests = np.empty(len(rows), dtype=np.uint64)
    # Block by block: what a cell takes on the way is several times the cell.
    block = max(1, BLOCK_CELLS // rows.shape[1])
    for begin in range(0, len(rows), block):
        some = np.ascontiguousarray(rows[begin : begin + block], dtype=np.float32)
        mixed = some.view(np.uint32).astype(np.uint64) * odd[0]
        digests[begin : begin + block] = ((mixed ^ (mixed >> np.uint64(29))) * odd[1]).sum(1, dtype=np.uint64)
    return digests


def _warning(code: str, message: str, pointer: str) -> dict[str, Any]:
    return {"code": code, "message": message, "pointer": pointer}
