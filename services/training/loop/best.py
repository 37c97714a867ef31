"""Which epoch was the best, and whether it is time to give up waiting for a better one."""

import math
from dataclasses import dataclass

from services.costs import EpochCosts


@dataclass
class Best:
    """The epoch of the best monitored value; of equal ones the earliest. NaN never is."""

    metric: str
    mode: str  #: min or max
    epoch: int | None = None
    value: float | None = None

    def improved(self, costs: EpochCosts) -> bool:
        """Take in an epoch; return whether it is the best so far."""
        value = costs.value(self.metric)
        if value is None:
            return False
        better = self.value is None or (value < self.value if self.mode == "min" else value > self.value)
        if not math.isfinite(value) or not better:
            return False
        self.epoch, self.value = costs.epoch, value
        return True


@dataclass
class Patience:
    """How long the monitored value has not improved by `min_delta`."""

    metric: str
    mode: str
    patience: int
    min_delta: float
    min_epochs: int = 0
    epoch: int = 0  #: the last epoch that improved by so much
    value: float | None = None
    over: bool = False

    def is_over(self, costs: EpochCosts) -> bool:
        """Take in an epoch; return whether `patience` epochs have passed without improvement."""
        value = costs.value(self.metric)
        if value is None:
            return False
        gain = math.inf if self.value is None else (self.value - value) * (1 if self.mode == "min" else -1)
        if math.isfinite(value) and gain > self.min_delta:
            self.epoch, self.value = costs.epoch, value
        self.over = costs.epoch >= self.min_epochs and costs.epoch - self.epoch >= self.patience
        return self.over
