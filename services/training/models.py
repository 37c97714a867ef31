"""The neural nets by name: one entry and its spec in `services/specs/models.py` add another."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from torch import nn

from services.specs import models as specs

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
}


def linear(spec: specs.Linear, inputs: int, outputs: int) -> nn.Module:
    """Return one linear layer: (batch, inputs) to (batch, outputs)."""
    return nn.Linear(inputs, outputs, bias=spec.bias)


def mlp(spec: specs.MLP, inputs: int, outputs: int) -> nn.Module:
    """Return linear layers with an activation, and dropout, between them: (batch, inputs) to (batch, outputs)."""
    layers: list[nn.Module] = []
    for before, after in pairwise([inputs, *spec.hidden]):
        layers += [nn.Linear(before, after), ACTIVATIONS[spec.activation]()]
        if spec.dropout:
            layers.append(nn.Dropout(spec.dropout))
    return nn.Sequential(*layers, nn.Linear(spec.hidden[-1], outputs))


MODELS: dict[str, Callable[[Any, int, int], nn.Module]] = {"linear": linear, "mlp": mlp}
