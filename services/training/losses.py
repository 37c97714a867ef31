"""The losses by name: one entry and its spec in `services/specs/schema/losses.py` add another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

#: predictions, targets -> the mean cost per example, ()
CostFunction = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Counts:
    """What a loss may need to know of the training rows."""

    rows: int
    of: list[int]  #: rows of each class; of the second of two, and of each label, those that have it; [] for numbers


def _cross_entropy(spec: Any, counts: Counts) -> nn.Module:
    weight = None
    if spec.class_weight == "balanced":
        # Source: King and Zeng, Logistic Regression in Rare Events Data (2001), as scikit-learn counts it.
        weight = torch.tensor([counts.rows / (len(counts.of) * max(1, n)) for n in counts.of])
    elif spec.class_weight:
        weight = torch.tensor(spec.class_weight)
    return nn.CrossEntropyLoss(weight=weight, label_smoothing=spec.label_smoothing)


def _bce(spec: Any, counts: Counts) -> nn.Module:
    weight = None
    if spec.pos_weight == "balanced":
        weight = torch.tensor([(counts.rows - n) / max(1, n) for n in counts.of])
    elif spec.pos_weight:
        weight = torch.tensor(spec.pos_weight)
    return nn.BCEWithLogitsLoss(pos_weight=weight)


class GaussianNLL(nn.Module):
    """Minus the log-likelihood of normal distributions.

    Source: Nix and Weigend, Estimating the mean and variance of the target probability distribution (1994).
    Shapes: predictions (batch, 2 x targets): the means, then the logarithms of the variances; targets (batch, targets).
    """

    reduction = "mean"

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cost, (), or with the reduction "none" that of every target."""
        means, logarithms = predictions.chunk(2, dim=-1)
        return functional.gaussian_nll_loss(means, targets, logarithms.exp(), reduction=self.reduction)


#: Each takes predictions (batch, outputs) and targets, and returns the mean cost per example, ().
LOSSES: dict[str, Callable[[Any, Counts], nn.Module]] = {
    "mse": lambda spec, _: nn.MSELoss(),
    "l1": lambda spec, _: nn.L1Loss(),
    "huber": lambda spec, _: nn.HuberLoss(delta=spec.delta),
    "smooth_l1": lambda spec, _: nn.SmoothL1Loss(beta=spec.beta),
    "poisson_nll": lambda spec, _: nn.PoissonNLLLoss(log_input=True),
    "gaussian_nll": lambda spec, _: GaussianNLL(),
    "cross_entropy": _cross_entropy,
    "bce_with_logits": _bce,
}


def cost_function(spec: Any, counts: Counts, *, weighted: bool, members: bool) -> nn.Module:
    """Return the loss that a spec names as a function of predictions and targets.

    `weighted`: the targets' last column is the weight of each row, 1 on average. `members`: while training, the net
    answers with (batch, members, outputs), and every member has a cost of its own.
    """
    loss = LOSSES[spec.type](spec, counts)
    if weighted:
        loss = Weighted(loss, classes=spec.type == "cross_entropy")
    return OfMembers(loss) if members else loss


class Weighted(nn.Module):
    """A loss whose rows count by their weight."""

    def __init__(self, loss: nn.Module, *, classes: bool) -> None:
        super().__init__()
        unreduced: Any = loss
        unreduced.reduction = "none"  # every loss of PyTorch's, and our one, reads it at each call
        self.loss = loss
        self.classes = classes

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return the mean of weight x cost. Shapes: targets (batch, targets + 1) float32."""
        wanted, weights = unweighted(targets, classes=self.classes), targets[:, -1]
        costs = self.loss(predictions, wanted).reshape(len(targets), -1).mean(1)
        return torch.mean(costs * weights)


class OfMembers(nn.Module):
    """The mean cost of nets that are trained side by side."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over members, (). In eval mode there is one prediction a row, and nothing changes."""
        if predictions.ndim == 2:
            return torch.as_tensor(self.loss(predictions, targets))
        members = predictions.shape[1]
        return torch.as_tensor(self.loss(predictions.flatten(0, 1), targets.repeat_interleave(members, 0)))


def amounts(loss: Any, targets: Tensor) -> tuple[float, float]:
    """Return what a batch's cost is multiplied by to be its sum of weight x cost, and its sum of weights.

    Their sums over any batches give the same mean, sum(weight x cost) / sum(weight); without weights both are the rows.
    Source: scikit-learn's `sample_weight`, as in `sklearn.metrics.log_loss` and `mean_squared_error`.
    Shapes: targets as the loss takes them.
    """
    if isinstance(loss, OfMembers):
        return amounts(loss.loss, targets)
    if isinstance(loss, Weighted):
        weights = targets[:, -1]
        of_class = getattr(loss.loss, "weight", None)
        if isinstance(of_class, Tensor):
            weights = weights * of_class.to(targets.device)[unweighted(targets, classes=True)]
        return float(len(targets)), float(weights.double().sum())
    if isinstance(loss, nn.CrossEntropyLoss) and loss.weight is not None:
        # PyTorch divides the cost of a batch by the weights of its rows.
        total = float(loss.weight[targets.to(loss.weight.device)].double().sum())
        return total, total
    return float(len(targets)), float(len(targets))


def weighs(loss: Any) -> bool:
    """Return whether the rows of a loss may have weights other than 1."""
    if isinstance(loss, OfMembers):
        return weighs(loss.loss)
    return isinstance(loss, Weighted) or (isinstance(loss, nn.CrossEntropyLoss) and loss.weight is not None)


def unweighted(targets: Tensor, *, classes: bool) -> Tensor:
    """Return targets without their last column, the weights; classes as whole numbers, (batch,)."""
    return targets[:, 0].long() if classes else targets[:, :-1]
