"""What a model comes to on rows that it is not trained on: their mean cost, and metrics in original units."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.training.losses import CostFunction, unweighted
from services.training.metrics import Metric
from services.training.preprocessing import Preprocessing


@dataclass(frozen=True)
class Evaluation:
    """Rows, and what is measured on them."""

    cost_function: CostFunction
    batches: Iterable[tuple[Tensor, Tensor]]
    metrics: dict[str, Metric]
    preprocessing: Preprocessing
    weighted: bool  #: the targets' last column is the weight of each row
    device: torch.device
    wish: Callable[[], None]  #: called before each batch

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> tuple[float, dict[str, Any]]:
        """Return the mean cost per example in eval mode, and the metrics by name. Weights count in the cost alone.

        Shapes: features (rows, ...), targets (rows, ...).
        """
        model.eval()
        costs, sizes = [], []
        running = {name: metric.fresh() for name, metric in self.metrics.items()}
        for features, targets in self.batches:
            self.wish()
            features, targets = features.to(self.device, non_blocking=True), targets.to(self.device, non_blocking=True)
            predictions = model(features)
            costs.append(self.cost_function(predictions, targets))
            sizes.append(len(targets))
            if running:
                found, wanted = self._comparable(predictions, targets)
                for metric in running.values():
                    metric.update(found, wanted)
        cost = float(np.average(torch.stack(costs).cpu().numpy().astype(np.float64), weights=sizes))
        return cost, {name: metric.compute() for name, metric in running.items()}

    def _comparable(self, predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return what metrics compare: logits and classes, or values in original units."""
        task = self.preprocessing.task
        if self.weighted:
            targets = unweighted(targets, classes=task == "multiclass")
        if task != "regression":
            return predictions, targets
        return self.preprocessing.values(predictions.double()), self.preprocessing.units(targets.double())
