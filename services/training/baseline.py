"""What a model has to beat: the cost of the same answer for every row, learnt from the training targets alone."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.specs.schema.job import JobSpec
from services.training.input.preprocessing import EXP_LOSSES, MEAN_AND_SPREAD_LOSSES, Preprocessing
from services.training.loop.evaluation import Evaluation
from services.training.losses import OfMembers, Weighted

SMALLEST = float(np.finfo(np.float32).eps)  #: a share is at least this, as where scikit-learn's `log_loss` clips
LEAST_VARIANCE = 1e-6  #: as in `torch.nn.GaussianNLLLoss`
MOST_ROWS = 100_000  #: so many rows, of more, say what the baseline comes to


class Constant(nn.Module):
    """A model that answers the same for every row."""

    def __init__(self, outputs: Tensor) -> None:
        """Shapes: outputs (outputs,) float32."""
        super().__init__()
        self.register_buffer("outputs", outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Shapes: features (batch, ...); returns (batch, outputs)."""
        outputs: Any = self.outputs
        return torch.as_tensor(outputs).expand(len(features), -1)


def constant_outputs(preprocessing: Preprocessing, targets: Tensor, loss: nn.Module, *, weighted: bool) -> Tensor:
    """Return the outputs of a model that predicts the mean of numbers, or the class frequencies, for every row.

    Rows count by the weights that the cost counts them by. Numbers are in the scale of the loss.
    Source: scikit-learn's DummyRegressor("mean") and DummyClassifier("prior"), with `sample_weight`.
    Shapes: targets as the loss takes them, (rows, ...); returns (outputs,) float32.
    """
    wanted = (targets[:, :-1] if weighted else targets).double().reshape(len(targets), -1)
    rows = targets[:, -1:].double() if weighted else torch.ones(len(targets), 1, dtype=torch.float64)
    while isinstance(loss, OfMembers | Weighted):
        loss = loss.loss
    if preprocessing.task == "multiclass":
        counts = torch.bincount(wanted[:, 0].long(), weights=rows[:, 0], minlength=preprocessing.outputs)
        of_class = getattr(loss, "weight", None)
        if isinstance(of_class, Tensor):
            counts = counts * of_class.cpu()
        return (counts / counts.sum()).clamp(min=SMALLEST).log().float()
    if preprocessing.task in {"binary", "multilabel"}:
        factor = getattr(loss, "pos_weight", None)
        yes = (rows * wanted).sum(0) * (factor.cpu() if isinstance(factor, Tensor) else 1.0)
        share = (yes / (yes + (rows * (1 - wanted)).sum(0))).clamp(SMALLEST, 1 - SMALLEST)
        return (share / (1 - share)).log().float()
    mean = (rows * wanted).sum(0) / rows.sum()
    if preprocessing.loss in EXP_LOSSES:
        return mean.clamp(min=SMALLEST).log().float()
    if preprocessing.loss in MEAN_AND_SPREAD_LOSSES:
        variance = (rows * (wanted - mean) ** 2).sum(0) / rows.sum()
        return torch.cat([mean, variance.clamp(min=LEAST_VARIANCE).log()]).float()
    return mean.float()


def measured_baseline(spec: JobSpec, outputs: Tensor, measure: Evaluation, part: str) -> dict[str, Any] | None:
    """Return what a constant comes to on a part's rows, `training` or `validation`; None if its cost is not finite.

    `value` is that of the monitored metric, `cost` that of the loss; `rows` says how many rows they are the mean of.
    """
    counted = _Counted(measure.batches, MOST_ROWS)
    constant = Constant(outputs).to(measure.device)
    cost, metrics = replace(measure, batches=counted)(constant)
    if not math.isfinite(cost):
        return None
    prefix = "train" if part == "training" else "val"
    known = {f"{prefix}_cost": cost, f"{prefix}_eval_cost": cost}
    value = (known | {f"{prefix}_{name}": found for name, found in metrics.items()}).get(spec.monitor.metric)
    return {
        "predicts": "mean" if spec.task == "regression" else "class_frequencies",
        "split": part,
        "rows": counted.rows,
        "cost": cost,
        "metric": spec.monitor.metric,
        "value": value if isinstance(value, float) and math.isfinite(value) else None,
    }


class _Counted:
    """The first batches, up to so many rows, and how many rows they had."""

    def __init__(self, batches: Iterable[tuple[Tensor, Tensor]], most: int) -> None:
        self.batches = batches
        self.most = most
        self.rows = 0

    def __iter__(self) -> Any:
        for batch in self.batches:
            yield batch
            self.rows += len(batch[1])
            if self.rows >= self.most:
                return
