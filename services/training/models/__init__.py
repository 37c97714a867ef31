"""The neural nets by name: one entry and its spec in `services/specs/schema/models.py` add another."""

from collections.abc import Callable
from typing import Any

from torch import nn

from services.training.models.cnn import cnn
from services.training.models.inputs import Inputs
from services.training.models.layers import layers
from services.training.models.linear import linear
from services.training.models.lstm import lstm
from services.training.models.mlp import mlp
from services.training.models.plugins import plugin
from services.training.models.tabm import tabm

#: Each takes a spec, the inputs and the number of outputs; its net turns (batch, *shape) into (batch, outputs).
MODELS: dict[str, Callable[[Any, Inputs, int], nn.Module]] = {
    "linear": linear,
    "mlp": mlp,
    "cnn": cnn,
    "lstm": lstm,
    "layers": layers,
    "tabm": tabm,
    "plugin": plugin,
}
