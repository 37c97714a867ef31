"""How much worse a model gets when one column says nothing: its values are shuffled among the rows.

Source: Breiman, Random Forests (2001), section 10. Shuffled as scikit-learn's `permutation_importance` does: the same
seed gives the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

REPEATS = 5


@dataclass(frozen=True)
class Importance:
    """The increase of the mean cost by column. Shapes: increases (columns, repeats) float64."""

    names: list[str]
    increases: np.ndarray
    cost: float  #: with every column as it is

    def as_json(self) -> list[dict[str, Any]]:
        """Return every column with the mean and the deviation of its increases, the most important first."""
        found = [
            {"column": name, "mean": float(own.mean()), "deviation": float(own.std())}
            for name, own in zip(self.names, self.increases, strict=True)
        ]
        return sorted(found, key=lambda entry: -float(str(entry["mean"])))


def permutation_importance(
    names: list[str],
    features: np.ndarray,
    mean_cost: Callable[[np.ndarray], float],
    is_over: Callable[[], bool],
    *,
    seed: int = 0,
) -> Importance | None:
    """Measure each column several times; return None if the time is over before all are measured.

    Shapes: features (rows, columns) float32, in the order of `names`; `mean_cost` takes such an array.
    """
    first = np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)
    cost = mean_cost(features)
    increases = np.empty((len(names), REPEATS))
    for column in range(len(names)):
        random, order = np.random.RandomState(first), np.arange(len(features))
        shuffled = features.copy()
        for repeat in range(REPEATS):
            if is_over():
                return None
            random.shuffle(order)
            shuffled[:, column] = shuffled[order, column]
            increases[column, repeat] = mean_cost(shuffled) - cost
    return Importance(names, increases, cost)
