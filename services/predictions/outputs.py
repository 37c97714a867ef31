"""What a model answers for rows: values in original units, or classes with their probabilities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from services.predictions.encoder import labels_of
from services.training.predictor import Predictor


@dataclass(frozen=True)
class Outputs:
    """The answers for some rows. Shapes: (rows,) or (rows, targets), and (rows, classes) or (rows, labels)."""

    values: Tensor | None = None  #: of a regression: (rows, targets) float32
    deviations: Tensor | None = None  #: of a regression with a gaussian loss: (rows, targets) float32
    probabilities: Tensor | None = None
    labels: list[Any] | None = None  #: of a classification, the most probable class of each row

    @property
    def predictions(self) -> list[Any]:
        """The answers as JSON has them: flat for one target."""
        if self.labels is not None:
            return self.labels
        return _listed(self.values)

    def as_json(self) -> dict[str, Any]:
        """Return what an answer shows of them."""
        shown: dict[str, Any] = {
            "predictions": self.predictions,
            "probabilities": None if self.probabilities is None else self.probabilities.tolist(),
        }
        if self.deviations is not None:
            shown["deviations"] = _listed(self.deviations)
        return shown


def outputs_of(predictor: Predictor, cells: np.ndarray) -> Outputs:
    """Return what a model answers. Shapes: cells (rows, features) float32.

    Raises: InvalidRequest where an embedding has no vector for a number.
    """
    preprocessing = predictor.preprocessing
    if preprocessing.task == "multilabel":
        found = predictor.probabilities(cells)
        return Outputs(probabilities=found, labels=(found > 0.5).tolist())
    if preprocessing.classes is None:
        values, deviations = predictor.values_and_deviations(cells)
        return Outputs(values=values, deviations=deviations)
    found = predictor.probabilities(cells)
    return Outputs(probabilities=found, labels=labels_of(found, preprocessing))


def _listed(values: Tensor | None) -> list[Any]:
    if values is None:
        return []
    found: list[Any] = (values[:, 0] if values.shape[1] == 1 else values).tolist()
    return found
