"""Nets that the operator installed: Python entry points of the group `batchyard.models`."""

from typing import Any

from torch import Tensor, nn

from services.specs.schema import models as specs
from services.training.entry_points import found, guarded
from services.training.models.inputs import Inputs
from services.training_errors import PluginError

GROUP = "batchyard.models"


def plugin(spec: specs.Plugin, inputs: Inputs, outputs: int) -> nn.Module:
    """Return what the entry point makes: (batch, *shape) to (batch, outputs).

    It is called with the shape of one row's features, the number of outputs and the spec's `params` as keywords.
    Raises: PluginError when it is not installed, or in place of what its code raises.
    """
    point = found(GROUP, spec.name)
    with guarded(spec.name):
        made: Any = point.load()(inputs.shape, outputs, **spec.params)
    if not isinstance(made, nn.Module):
        raise PluginError(f"The plug-in {spec.name!r} returned a {type(made).__name__}, not a torch.nn.Module.")
    return Guarded(spec.name, made)


class Guarded(nn.Module):
    """A net whose code is not ours: what it raises ends its job as the plug-in's error."""

    def __init__(self, name: str, net: nn.Module) -> None:
        super().__init__()
        self.name = name
        self.net = net

    def forward(self, features: Tensor) -> Tensor:
        """Return what the plug-in's net answers.

        Raises: PluginError.
        """
        with guarded(self.name):
            answer: Tensor = self.net(features)
        return answer
