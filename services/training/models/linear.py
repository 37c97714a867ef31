"""One linear layer."""

from torch import nn

from services.specs.schema import models as specs
from services.training.models.inputs import Inputs
from services.training.models.stem import stem


def linear(spec: specs.Linear, inputs: Inputs, outputs: int) -> nn.Module:
    """Return one linear layer: (batch, *shape) to (batch, outputs)."""
    before, width = stem(inputs, None)
    layer = nn.Linear(width, outputs, bias=spec.bias)
    return nn.Sequential(*before, layer) if before else layer
