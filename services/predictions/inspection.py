"""A look inside a trained model on the rows that validated it: where it is wrong, how sure it is, what it goes by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.columns import TableInfo
from services.datasets.cells import value_of
from services.predictions.importance import REPEATS, permutation_importance
from services.predictions.outputs import Outputs, outputs_of
from services.training.input.preprocessing import Preprocessing
from services.training.predictor import Predictor
from services.training.row_costs import row_costs

MOST = 10_000  #: rows that are looked at; of more, evenly spaced ones
SHUFFLED = 2_000  #: and of those, for the importance
BINS = 10  #: of a calibration curve and of a histogram
MAX_CLASSES = 50  #: more have no confusion matrix and no calibration curves
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Inspection:
    """What was found, and the predictions it was found in."""

    report: dict[str, Any]
    columns: dict[str, list[Any]]  #: row, target, prediction, and what belongs to it


def inspect(
    predictor: Predictor, info: TableInfo, table: np.ndarray, validation: np.ndarray, is_over: Callable[[], bool]
) -> Inspection:
    """Predict the validation rows and describe the predictions. What takes long is left out once the time is over.

    Shapes: table (rows, columns) float32; validation (rows,) bool, with at least one row.
    """
    preprocessing = predictor.preprocessing
    every = np.flatnonzero(validation)
    rows = every[np.linspace(0, len(every) - 1, min(MOST, len(every))).astype(np.int64)]
    cells = np.asarray(table[rows])
    features = cells[:, [info.names.index(column.name) for column in preprocessing.inputs]]
    targets = cells[:, [info.names.index(name) for name in preprocessing.targets]]
    outputs = outputs_of(predictor, features)
    report: dict[str, Any] = {"rows": len(rows), "total_rows": len(every), "task": preprocessing.task, "left_out": []}
    if preprocessing.task == "regression" and outputs.values is not None:
        report["residuals"] = _residuals(targets, outputs.values.numpy(), preprocessing.targets)
    elif preprocessing.classes is not None and len(preprocessing.classes) <= MAX_CLASSES:
        report |= _of_classes(targets[:, 0], outputs, preprocessing)
    elif preprocessing.classes is not None:
        why = f"{len(preprocessing.classes)} classes are more than {MAX_CLASSES}"
        report["left_out"] += [{"part": part, "why": why} for part in ("confusion_matrix", "calibration")]
    few = np.linspace(0, len(rows) - 1, min(SHUFFLED, len(rows))).astype(np.int64)

    def mean_cost(shuffled: np.ndarray) -> float:
        return float(row_costs(predictor, shuffled, targets[few], preprocessing).mean())

    names = [column.name for column in preprocessing.inputs]
    importance = permutation_importance(names, features[few], mean_cost, is_over)
    if importance is None:
        report["left_out"].append({"part": "importance", "why": f"{len(names)} columns would take too long"})
    else:
        about = {"metric": "cost", "rows": len(few), "repeats": REPEATS, "cost": importance.cost}
        report["importance"] = {**about, "columns": importance.as_json()}
    return Inspection(report, _columns(rows, targets, outputs, preprocessing, info))


def _of_classes(targets: np.ndarray, outputs: Outputs, preprocessing: Preprocessing) -> dict[str, Any]:
    """Return how often each class was taken for which, and how often it came true at each probability."""
    classes = list(preprocessing.classes or [])
    probabilities = np.zeros((0, 0)) if outputs.probabilities is None else outputs.probabilities.double().numpy()
    wanted = np.searchsorted(np.asarray(preprocessing.class_cells, dtype=np.float32), targets)
    chosen = probabilities.argmax(1)
    matrix = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(matrix, (wanted, chosen), 1)
    shown = [1] if preprocessing.task == "binary" else range(len(classes))
    curves = [{"class": classes[n], "points": _curve(wanted == n, probabilities[:, n])} for n in shown]
    return {"confusion_matrix": {"classes": classes, "data": matrix.tolist()}, "calibration": curves}


def _curve(came_true: np.ndarray, probabilities: np.ndarray) -> list[dict[str, Any]]:
    """Return the points of a calibration curve: of each bin of probabilities that has rows, their means.

    Shapes: (rows,) bool and (rows,) float64.
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    bins = np.searchsorted(edges[1:-1], probabilities)
    points = []
    for n in range(BINS):
        inside = bins == n
        if inside.any():
            predicted, observed = float(probabilities[inside].mean()), float(came_true[inside].mean())
            points.append({"predicted": predicted, "observed": observed, "rows": int(inside.sum())})
    return points


def _residuals(targets: np.ndarray, values: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """Return how the predictions of each target differ from it: what was there minus what was predicted."""
    found = []
    for n, name in enumerate(names):
        errors = targets[:, n].astype(np.float64) - values[:, n]
        finite = errors[np.isfinite(errors)]
        entry: dict[str, Any] = {"target": name, "rows": len(finite), "not_finite": len(errors) - len(finite)}
        if len(finite):
            counts, edges = np.histogram(finite, bins=BINS)
            entry |= {"mean": float(finite.mean()), "deviation": float(finite.std())}
            entry["quantiles"] = {str(share): float(np.quantile(finite, share)) for share in QUANTILES}
            entry["histogram"] = {"edges": edges.tolist(), "counts": counts.tolist()}
        found.append(entry)
    return found


def _columns(
    rows: np.ndarray, targets: np.ndarray, outputs: Outputs, preprocessing: Preprocessing, info: TableInfo
) -> dict[str, list[Any]]:
    several = len(preprocessing.targets) > 1
    found: dict[str, list[Any]] = {"row": rows.tolist()}
    for n, name in enumerate(preprocessing.targets):
        column = info.column(name)
        there = [None if cell != cell else value_of(cell, column) for cell in targets[:, n].tolist()]
        found[f"target_{name}" if several else "target"] = there
    predictions = outputs.predictions
    if several:
        for n, name in enumerate(preprocessing.targets):
            found[f"prediction_{name}"] = [row[n] for row in predictions]
    else:
        found["prediction"] = predictions
    if outputs.probabilities is not None:
        listed = outputs.probabilities.numpy()
        for n, named in enumerate(preprocessing.classes or preprocessing.targets):
            found[f"p_{named}"] = listed[:, n].tolist()
    return found
