"""Where a training stands: true between any two batches, so that it can be stored and resumed there."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass
class Progress:
    """Epochs and steps done, and the batch costs of the epoch that is open."""

    epochs_done: int = 0
    steps_done: int = 0
    seconds: float = 0.0  #: spent in the epochs that are done
    rollbacks: int = 0  #: times it went back because of a cost that was not finite
    lr_of_epoch: float | None = None  #: the step size that the open epoch began with
    seconds_of_epoch: float = 0.0  #: spent in the open epoch by attempts before this one
    batch_costs: list[Tensor] = field(default_factory=list)  #: () float32 each, on the device
    batch_sizes: list[int] = field(default_factory=list)
    #: Of a loss with weights: what each cost is multiplied by to be a sum, and the sum of the weights.
    batch_amounts: list[tuple[float, float]] = field(default_factory=list)

    def costs(self) -> np.ndarray:
        """Return the open epoch's batch costs.

        Shapes: (batches,) float32.
        """
        return torch.stack(self.batch_costs).cpu().numpy() if self.batch_costs else np.zeros(0, np.float32)

    def open_epoch(self, lr: float) -> float:
        """Return the step size that the epoch began with: `lr`, unless an attempt before this one began it."""
        if self.lr_of_epoch is None or not self.batch_costs:
            self.lr_of_epoch = lr
        return self.lr_of_epoch

    def close_epoch(self, seconds: float) -> tuple[np.ndarray, list[int], list[tuple[float, float]]]:
        """End the open epoch; return the costs of its batches, their sizes, and their amounts if rows have weights."""
        closed = self.costs(), self.batch_sizes, self.batch_amounts
        self.epochs_done += 1
        self.seconds += seconds
        self.seconds_of_epoch, self.lr_of_epoch = 0.0, None
        self.batch_costs, self.batch_sizes, self.batch_amounts = [], [], []
        return closed
