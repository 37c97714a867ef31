"""The losses by name: one entry and its spec in `services/specs/losses.py` add another."""

from collections.abc import Callable
from typing import Any

from torch import nn

#: Each takes predictions (batch, outputs) and targets, and returns the mean cost per example, ().
LOSSES: dict[str, Callable[[Any], nn.Module]] = {
    "mse": lambda spec: nn.MSELoss(),
    "l1": lambda spec: nn.L1Loss(),
    "huber": lambda spec: nn.HuberLoss(delta=spec.delta),
    "cross_entropy": lambda spec: nn.CrossEntropyLoss(),
    "bce_with_logits": lambda spec: nn.BCEWithLogitsLoss(),
}
