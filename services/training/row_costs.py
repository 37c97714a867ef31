"""What each row costs a trained model: numbers that two models of one task can be compared by."""

import numpy as np

from services.training.input.preprocessing import Preprocessing
from services.training.input.scaling import Linear
from services.training.predictor import Predictor

LEAST = 1e-12  #: a probability is taken to be no smaller
AT_ONCE = 4_096


def row_costs(predictor: Predictor, features: np.ndarray, targets: np.ndarray, units: Preprocessing) -> np.ndarray:
    """Return each row's cost: cross-entropy in nats, or the squared (with `l1` the absolute) error of a regression.

    A regression's errors are divided by the spread of the targets that `units` was fitted on, so that both models are
    measured in the same units, whatever each was scaled by.

    Shapes: features (rows, features) and targets (rows, targets) float32, cells of the table; returns (rows,) float64.
    """
    pieces = [
        _costs(predictor, features[start : start + AT_ONCE], targets[start : start + AT_ONCE], units)
        for start in range(0, len(features), AT_ONCE)
    ]
    return np.concatenate(pieces)


def _costs(predictor: Predictor, features: np.ndarray, targets: np.ndarray, units: Preprocessing) -> np.ndarray:
    preprocessing = predictor.preprocessing
    if preprocessing.task == "multilabel":
        found = np.clip(predictor.probabilities(features).double().numpy(), LEAST, 1 - LEAST)
        costs = -(targets * np.log(found) + (1 - targets) * np.log(1 - found))
        return np.asarray(costs.mean(1), dtype=np.float64)
    if preprocessing.class_cells is not None:
        found = predictor.probabilities(features).double().numpy()
        wanted = np.searchsorted(np.asarray(preprocessing.class_cells, dtype=np.float32), targets[:, 0])
        return np.asarray(-np.log(np.maximum(found[np.arange(len(found)), wanted], LEAST)), dtype=np.float64)
    factors = [abs(it.factor) if isinstance(it, Linear) else 1.0 for it in units.target_scaling]
    errors = (predictor.values(features).double().numpy() - targets) * np.asarray(factors)
    costs = np.abs(errors) if units.loss == "l1" else errors**2
    return np.asarray(costs.mean(1), dtype=np.float64)
