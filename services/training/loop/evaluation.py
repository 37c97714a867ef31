"""What a model comes to on rows that it is not trained on: their mean cost, and metrics in original units."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.training.input.preprocessing import Preprocessing
from services.training.loop.metrics import Metric
from services.training.losses import CostFunction, amounts, unweighted


@dataclass(frozen=True)
class Evaluation:
    """Rows, and what is measured on them."""

    cost_function: CostFunction
    batches: Iterable[tuple[Tensor, Tensor]]
    metrics: dict[str, Metric]
    preprocessing: Preprocessing
    weighted: bool  #: the targets' last column is the weight of each row
    device: torch.device
    before_batch: Callable[[], None]  #: called before each batch

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> tuple[float, dict[str, Any]]:
        """Return the mean cost per example in eval mode, and the metrics by name. Weights count in the cost alone.

        The cost is sum(weight x cost) / sum(weight), NaN where no row has a weight.

        Shapes: features (rows, ...), targets (rows, ...).
        """
        model.eval()
        costs, factors = [], []
        running = {name: metric.fresh() for name, metric in self.metrics.items()}
        for features, targets in self.batches:
            self.before_batch()
            features, targets = features.to(self.device, non_blocking=True), targets.to(self.device, non_blocking=True)
            predictions = model(features)
            costs.append(self.cost_function(predictions, targets))
            factors.append(amounts(self.cost_function, targets))
            if running:
                found, wanted = self._comparable(predictions, targets)
                for metric in running.values():
                    metric.update(found, wanted)
        exact, (sums, weights) = torch.stack(costs).cpu().numpy().astype(np.float64), np.array(factors).T
        cost = float((exact * sums).sum() / weights.sum()) if weights.sum() > 0 else math.nan
        return cost, {name: metric.compute() for name, metric in running.items()}

    def _comparable(self, predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return what metrics compare: logits and classes, or values in original units."""
        task = self.preprocessing.task
        if self.weighted:
            targets = unweighted(targets, classes=task == "multiclass")
        if task != "regression":
            return predictions, targets
        return self.preprocessing.values(predictions.double()), self.preprocessing.units(targets.double())
