"""What one epoch came to: handed from the loop to whoever keeps it."""

import math
import struct
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EpochCosts:
    """The costs of one pass over the training rows, and of the validation rows after it."""

    epoch: int  #: counted from 1
    steps: int  #: optimizer steps taken since the job began
    train_cost: float  #: mean per example while training, float64 mean of the float32 batch costs by batch size
    val_cost: float | None  #: mean per validation example, in eval mode; None if no rows were validated
    lr: float
    seconds: float  #: duration of the epoch, validation included
    rows_per_second: float  #: training rows
    metrics: dict[str, Any] = field(default_factory=dict)  #: `val_accuracy` and the like, in original units
    batch_costs: bytes | None = None  #: packed little-endian float32, one a batch, in order; None if not kept

    def value(self, metric: str) -> float | None:
        """Return the value of train_cost, val_cost or a metric; None if it was not computed in this epoch."""
        found = {"train_cost": self.train_cost, "val_cost": self.val_cost, **self.metrics}.get(metric)
        return None if found is None else float(found)

    def finite_batches(self) -> int | None:
        """Return how many batches went by before the first cost that was not finite; None if they were not kept."""
        if self.batch_costs is None:
            return None
        values = [value for (value,) in struct.iter_unpack("<f", self.batch_costs)]
        return next((n for n, value in enumerate(values) if not math.isfinite(value)), len(values))
