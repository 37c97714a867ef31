"""Nets that the operator installed: Python entry points of the group `batchyard.models`."""

from importlib.metadata import entry_points
from typing import Any

from torch import Tensor, nn

from services.errors import PluginError
from services.specs import models as specs
from services.training.models.inputs import Inputs

GROUP = "batchyard.models"


def plugin(spec: specs.Plugin, inputs: Inputs, outputs: int) -> nn.Module:
    """Return what the entry point makes: (batch, *shape) to (batch, outputs).

    It is called with the shape of one row's features, the number of outputs and the spec's `params` as keywords.
    Raises: PluginError when it is not installed, or whatever its code raises.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    if spec.name not in found:
        raise PluginError(f"The plug-in {spec.name!r} is not installed on the worker.", plugin=spec.name)
    try:
        made: Any = found[spec.name].load()(inputs.shape, outputs, **spec.params)
    except Exception as error:  # the code is not ours
        raise _failed(spec.name, error) from error
    if not isinstance(made, nn.Module):
        raise PluginError(f"The plug-in {spec.name!r} made a {type(made).__name__}, no torch.nn.Module.")
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
        try:
            answer: Tensor = self.net(features)
        except Exception as error:  # the code is not ours
            raise _failed(self.name, error) from error
        return answer


def _failed(name: str, error: Exception) -> PluginError:
    return PluginError(f"The plug-in {name!r} failed: {type(error).__name__}: {error}", plugin=name)
