"""A part of a net around which what comes in is carried."""

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """What comes in plus what `layers` make of it.

    Source: He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition (2015).
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, features: Tensor) -> Tensor:
        """Return the sum. Shapes: features (batch, ...), which `layers` keep."""
        return torch.add(features, self.layers(features))
