"""Metrics of the validation rows: they grow batch by batch, by name.

What is undefined is NaN: where a class has no rows, or the targets do not vary.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional

from services.training.loop.ranking import Ranking, curve

#: predictions, targets of a batch -> what is summed up over the batches
Terms = Callable[[Tensor, Tensor], Tensor]
#: the sums, the number of rows -> the metric
Formula = Callable[[Tensor, int], float | list[list[int]]]


class Metric(Protocol):
    """A number, or a table of counts, that grows batch by batch."""

    def fresh(self) -> Self:
        """Return one of the same kind that has seen nothing."""
        ...

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a batch: predictions (batch, outputs), targets as the loss takes them."""
        ...

    def compute(self) -> float | list[list[int]]:
        """Return the metric of all batches, of one at least."""
        ...


def metric(name: str, task: str, outputs: int) -> Metric:
    """Return a metric of a task by name; of several classes, labels or targets it is the mean of each one's.

    Shapes: predictions (batch, outputs), for classes and labels logits; targets as them, of a multiclass task (batch,).
    Units: predictions and targets of a regression are in original units, float64.
    """
    if task == "regression":
        return R2() if name == "r2" else Sums(ERRORS[name], _root if name == "rmse" else _mean)
    if name in ("auroc", "average_precision"):
        return Ranking(curve(name), task)
    if task != "multiclass":
        if name == "confusion_matrix":
            return Sums(_label_counts, _table if task == "binary" else _tables)
        return Sums(*OF_LABELS[name])
    if name == "confusion_matrix":
        return Sums(partial(_pairs, outputs), lambda sums, _: sums.tolist())
    if name in OF_COUNTS:
        return Sums(partial(_class_counts, outputs), OF_COUNTS[name])
    return Sums(OF_CLASSES[name], _mean)


class Sums:
    """A metric that is a formula of sums over the rows."""

    def __init__(self, terms: Terms, formula: Formula) -> None:
        self.terms = terms
        self.formula = formula
        self.sums = torch.zeros((), dtype=torch.int64)  # takes the shape, type and device of the first terms
        self.rows = 0

    def fresh(self) -> "Sums":
        """Return one that has seen nothing."""
        return Sums(self.terms, self.formula)

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a batch."""
        self.sums = self.sums + self.terms(predictions, targets)
        self.rows += len(targets)

    def compute(self) -> float | list[list[int]]:
        """Return the metric of all batches."""
        return self.formula(self.sums, self.rows)


class R2:
    """The share of the targets' variation that is explained: 1 is perfect, 0 no better than their mean.

    Source: Draper and Smith, Applied Regression Analysis (1998), section 1.3.
    """

    def __init__(self) -> None:
        self.origin: Tensor | None = None  #: (targets,)
        self.sums = torch.zeros((), dtype=torch.float64)  #: of the targets, their squares, the squared errors
        self.rows = 0

    def fresh(self) -> "R2":
        """Return one that has seen nothing."""
        return R2()

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a batch: predictions and targets (batch, targets)."""
        if self.origin is None:
            # Counted from the first row, since far from 0 the squares leave no digits for the variation, and a target
            # that does not vary must give 0 exactly. Where that row is an odd one of n, n times the rounding is lost.
            self.origin = targets[0]
        above = targets - self.origin
        self.sums = self.sums + torch.stack(
            [above.sum(0), above.square().sum(0), (predictions - targets).square().sum(0)]
        )
        self.rows += len(targets)

    def compute(self) -> float:
        """Return the mean over the targets; NaN if one of them does not vary."""
        above, squares, left = self.sums
        variation = squares - above.square() / self.rows
        return float(torch.where(variation > 0, 1 - left / variation, math.nan).mean())


def _mean(sums: Tensor, rows: int) -> float:
    return float((sums.double() / rows).mean())


def _root(sums: Tensor, rows: int) -> float:
    return float((sums / rows).sqrt().mean())


def _absolute(predictions: Tensor, targets: Tensor) -> Tensor:
    return (predictions - targets).abs().sum(0)


def _squared(predictions: Tensor, targets: Tensor) -> Tensor:
    return (predictions - targets).square().sum(0)


def _relative(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the sums of |prediction - target| / max(|target|, e), (targets,); e is the smallest step above 1, 2.2e-16.

    Near a target of 0 the share is arbitrarily large, but a number: epochs can be compared.
    Source: Makridakis, Accuracy measures: theoretical and practical concerns (1993); for targets near 0, scikit-learn's
    `mean_absolute_percentage_error`.
    """
    return ((predictions - targets).abs() / targets.abs().clamp(min=torch.finfo(torch.float64).eps)).sum(0)


ERRORS: dict[str, Terms] = {
    "mae": _absolute,
    "mse": _squared,
    "rmse": _squared,
    "mape": _relative,
}


def _right_classes(predictions: Tensor, targets: Tensor) -> Tensor:
    return (predictions.argmax(1) == targets).sum()


def _right_labels(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return how often each label is right, (labels,): the accuracy is the share of right labels, not of right rows."""
    return ((predictions > 0) == (targets > 0)).sum(0)


def _class_costs(predictions: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(predictions.double(), targets, reduction="sum")


def _label_costs(predictions: Tensor, targets: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(predictions.double(), targets.double(), reduction="none").sum(0)


# Counts of our own: torchmetrics needs classes x classes of memory for them, with `deterministic` as much for each row,
# leaves classes without rows out of a mean, and takes logits that lie all in 0..1 for probabilities.


def _tally(numbers: Tensor, amounts: Tensor, size: int) -> Tensor:
    """Return the sum of the amounts of each number below `size`, (size,). Unlike bincount no GPU has to wait for it."""
    return torch.zeros(size, dtype=torch.int64, device=numbers.device).index_add_(0, numbers, amounts)


def _pairs(classes: int, predictions: Tensor, targets: Tensor) -> Tensor:
    """Return how many rows of a class (first) are taken for a class (second), (classes, classes)."""
    pairs = targets * classes + predictions.argmax(1)
    return _tally(pairs, torch.ones_like(pairs), classes * classes).view(classes, classes)


def _class_counts(classes: int, predictions: Tensor, targets: Tensor) -> Tensor:
    """Return how many rows of each class are found, are taken for it, and there are: (3, classes)."""
    taken, ones = predictions.argmax(1), torch.ones_like(targets)
    right = (taken == targets).long()
    return torch.stack([_tally(*counted, classes) for counted in ((targets, right), (taken, ones), (targets, ones))])


def _label_counts(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return how many rows with each label are found, are taken for such, and there are: (3, labels)."""
    taken, there = predictions > 0, targets > 0
    return torch.stack([(taken & there).sum(0), taken.sum(0), there.sum(0)])


# Source of the formulas: Sokolova and Lapalme, A systematic analysis of performance measures (2009), tables 2 and 3;
# the F1 of several classes is the mean of each one's.


def _recall(counts: Tensor, rows: int) -> float:
    found, _, there = counts.double()
    return float((found / there).mean())


def _precision(counts: Tensor, rows: int) -> float:
    """Return the mean precision; a class that no row is taken for has 0, as in scikit-learn."""
    found, taken, there = counts.double()
    return float(torch.where(there > 0, found / taken.clamp(min=1), math.nan).mean())


def _f1(counts: Tensor, rows: int) -> float:
    found, taken, there = counts.double()
    return float(torch.where(there > 0, 2 * found / (taken + there), math.nan).mean())


def _balanced(counts: Tensor, rows: int) -> float:
    """Return the mean of the recalls with and without a label, of several labels the mean.

    Source: Brodersen et al., The balanced accuracy and its posterior distribution (2010).
    """
    found, taken, there = counts.double()
    without = rows - there
    return float((found / there + (without - (taken - found)) / without).mean() / 2)


def _tables(counts: Tensor, rows: int) -> list[list[int]]:
    """Return of each label the rows rightly without it, wrongly with, wrongly without, rightly with: (labels, 4)."""
    found, taken, there = counts
    tables: list[list[int]] = torch.stack(
        [rows - there - taken + found, taken - found, there - found, found], 1
    ).tolist()
    return tables


def _table(counts: Tensor, rows: int) -> list[list[int]]:
    [[no, yes, missed, found]] = _tables(counts, rows)
    return [[no, yes], [missed, found]]


OF_COUNTS: dict[str, Formula] = {"balanced_accuracy": _recall, "f1": _f1, "precision": _precision, "recall": _recall}
OF_CLASSES: dict[str, Terms] = {"accuracy": _right_classes, "log_loss": _class_costs}
OF_LABELS: dict[str, tuple[Terms, Formula]] = {
    "accuracy": (_right_labels, _mean),
    "log_loss": (_label_costs, _mean),
    **{name: (_label_counts, formula) for name, formula in OF_COUNTS.items()},
    "balanced_accuracy": (_label_counts, _balanced),
}
