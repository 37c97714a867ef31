"""Metrics of the order of all rows' probabilities."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor


class Ranking:
    """A metric of the order in which all rows' probabilities stand: each class against the rest, or each label.

    NaN if a class or a label has all of the rows or none, or a probability is NaN. All probabilities are kept until
    `compute`, 8 bytes each.
    """

    def __init__(self, curve: Callable[[Tensor, Tensor], Tensor], task: str) -> None:
        self.curve = curve
        self.task = task
        self.probabilities: list[Tensor] = []
        self.targets: list[Tensor] = []

    def fresh(self) -> "Ranking":
        """Return one that has seen nothing."""
        return Ranking(self.curve, self.task)

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a batch."""
        # In float64: in float32 all logits above 17 have the probability 1, and their order is lost.
        logits = predictions.double()
        self.probabilities.append(logits.softmax(1) if self.task == "multiclass" else logits.sigmoid())
        self.targets.append(targets)

    def compute(self) -> float:
        """Return the mean over the classes or labels."""
        probabilities, targets = torch.cat(self.probabilities), torch.cat(self.targets)
        found = []
        for n, column in enumerate(probabilities.unbind(1)):
            has = targets == n if self.task == "multiclass" else targets[:, n] > 0
            # Asked first: torchmetrics would warn, and go on with a 0.
            if has.all() or not has.any() or column.isnan().any():
                return math.nan
            found.append(float(self.curve(column, has.long())))
        return math.fsum(found) / len(found)


def curve(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function of probabilities and of what has the class, (rows,) each, that a metric is."""
    if name == "auroc":  # every job of two classes asks for it
        return _auroc
    # Not above: it takes half a second and brings scipy along, and few jobs ask for it.
    from torchmetrics.functional.classification import binary_average_precision

    return partial(binary_average_precision, validate_args=False)


def _auroc(probabilities: Tensor, has: Tensor) -> Tensor:
    """Return the area under the curve from the ranks of the rows that have the class, (rows,) each; ties share one.

    Source: Hanley and McNeil, The Meaning and Use of the Area under a ROC Curve (1982): it is Mann and Whitney's U.
    """
    _, place, count = torch.unique(probabilities, return_inverse=True, return_counts=True)
    ranks = (count.cumsum(0) - (count - 1) / 2)[place]
    ones = has.sum().double()
    above = ranks[has > 0].double().sum() - ones * (ones + 1) / 2
    area: Tensor = above / (ones * (len(has) - ones))
    return area
