"""Metrics of the validation rows, as running sums over batches, in original units."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor


class Metric(Protocol):
    """A number that grows batch by batch."""

    def fresh(self) -> Self:
        """Return one of the same kind that has seen nothing."""
        ...

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a batch: predictions (batch, outputs), targets as the loss takes them."""
        ...

    def compute(self) -> float:
        """Return the metric of all batches."""
        ...


class Accuracy:
    """Share of examples whose class is right."""

    def __init__(self) -> None:
        self.right = torch.zeros(())
        self.examples = 0

    def fresh(self) -> "Accuracy":
        """Return one that has seen nothing."""
        return Accuracy()

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a batch: one logit and targets (batch, 1), or logits (batch, classes) and targets (batch,)."""
        found = predictions.argmax(1) if targets.ndim == 1 else (predictions > 0).to(targets.dtype)
        self.right = self.right.to(predictions.device) + (found == targets).sum()
        self.examples += len(targets)

    def compute(self) -> float:
        """Return the share, 0 to 1."""
        return float(self.right) / self.examples


@dataclass
class _Sums:
    examples: int
    errors: Tensor  #: sum of |prediction - target|, (targets,) float64
    squares: Tensor  #: sum of (prediction - target)^2
    targets: Tensor
    target_squares: Tensor


class Regression:
    """A metric of the differences between predictions and targets, averaged over several targets.

    `units` turns scaled values into original ones; `formula` takes the sums.
    """

    def __init__(self, formula: Callable[[_Sums], Tensor], units: Callable[[Tensor], Tensor]) -> None:
        self.formula = formula
        self.units = units
        self.sums: _Sums | None = None

    def fresh(self) -> "Regression":
        """Return one that has seen nothing."""
        return Regression(self.formula, self.units)

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a batch: predictions and targets (batch, targets), scaled."""
        found, wanted = self.units(predictions.double()), self.units(targets.double())
        difference = found - wanted
        sums = [difference.abs().sum(0), difference.square().sum(0), wanted.sum(0), wanted.square().sum(0)]
        if self.sums is None:
            self.sums = _Sums(len(targets), *sums)
        else:
            before = self.sums
            old = (before.errors, before.squares, before.targets, before.target_squares)
            self.sums = _Sums(before.examples + len(targets), *(a + b for a, b in zip(old, sums, strict=True)))

    def compute(self) -> float:
        """Return the metric, in original units."""
        return math.nan if self.sums is None else float(self.formula(self.sums).mean())


def _mae(sums: _Sums) -> Tensor:
    return sums.errors / sums.examples


def _mse(sums: _Sums) -> Tensor:
    return sums.squares / sums.examples


def _rmse(sums: _Sums) -> Tensor:
    return _mse(sums).sqrt()


def _r2(sums: _Sums) -> Tensor:
    """Return 1 minus the share of the targets' variation that is left.

    Source: Draper and Smith, Applied Regression Analysis (1998), section 1.3.
    """
    variation = sums.target_squares - sums.targets.square() / sums.examples
    return 1 - sums.squares / variation


REGRESSION: dict[str, Callable[[_Sums], Tensor]] = {"mae": _mae, "mse": _mse, "rmse": _rmse, "r2": _r2}


def metric(name: str, units: Callable[[Tensor], Tensor]) -> Metric:
    """Return a metric by name."""
    return Accuracy() if name == "accuracy" else Regression(REGRESSION[name], units)
