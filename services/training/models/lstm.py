"""The recurrent net, over a series of (channels, length)."""

from typing import Any

import torch
from torch import Tensor, nn

from services.errors import InvalidRequest
from services.specs.schema import models as specs
from services.training.models.inputs import Inputs
from services.training.models.place import needs_tensor


class LSTM(nn.LSTM):
    """PyTorch's LSTM over (channels, length), as convolutions have it: what is left at the last step, or at every one.

    It takes what PyTorch's takes, by name. Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997).
    """

    def __init__(self, channels: int, hidden: int, *, every: bool, **choices: Any) -> None:
        super().__init__(channels, hidden, batch_first=True, **choices)
        self.every = every

    def forward(self, features: Tensor) -> Tensor:  # type: ignore[override]
        """Return (batch, values), or (batch, values, length) of every step. Shapes: features (batch, channels, length).

        With two directions, the values of the one that reads from the end stand second.
        """
        steps, (left, _) = super().forward(features.transpose(1, 2))
        if self.every:
            return steps.transpose(1, 2)
        return torch.cat([left[-2], left[-1]], 1) if self.bidirectional else left[-1]


def lstm(spec: specs.LSTM, inputs: Inputs, outputs: int) -> nn.Module:
    """Return the recurrent layers, then a linear one: (batch, channels, length) to (batch, outputs).

    Raises: InvalidRequest when the features of an example are not (channels, length).
    """
    if len(inputs.shape) != 2:
        raise InvalidRequest([needs_tensor("lstm", inputs.shape, "(channels, length)")])
    between = spec.dropout if spec.layers > 1 else 0.0
    choices = {"num_layers": spec.layers, "dropout": between, "bidirectional": spec.bidirectional}
    read = LSTM(inputs.shape[0], spec.hidden, every=False, **choices)
    values = spec.hidden * (2 if spec.bidirectional else 1)
    dropout = [nn.Dropout(spec.dropout)] if spec.dropout else []
    return nn.Sequential(read, *dropout, nn.Linear(values, outputs))
