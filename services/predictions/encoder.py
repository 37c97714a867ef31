"""What a net answers becomes what its user trained it on: original units, and labels of their own kind."""

from typing import Any

from torch import Tensor

from services.training.input.preprocessing import Preprocessing


def labels_of(probabilities: Tensor, preprocessing: Preprocessing) -> list[Any]:
    """Return the most probable class of each row.

    Shapes: probabilities (rows, classes).
    """
    classes = preprocessing.classes or []
    return [classes[n] for n in probabilities.argmax(1).tolist()]
