"""A net of one's own, layer by layer: every size that comes in follows from the layers before."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from services.errors import Fault, InvalidRequest
from services.specs.schema import models as specs
from services.training.models.inputs import Inputs
from services.training.models.layer import LAYERS
from services.training.models.place import Place, Shape, batch_of
from services.training.models.residual import Residual


def layers(spec: specs.Layers, inputs: Inputs, outputs: int) -> nn.Module:
    """Return the layers one after another: (batch, *shape) to (batch, outputs).

    Raises: InvalidRequest at the first layer that can't take what reaches it, or at the last if it does not give
    (batch, outputs).
    """
    net, shape = _sequence(spec.layers, Place("#/model/layers", inputs.shape, outputs))
    if shape != (outputs,):
        raise InvalidRequest([_last(spec, shape, outputs)])
    return net


def _sequence(given: Sequence[Any], place: Place) -> tuple[nn.Module, Shape]:
    """Return layers in order, and the shape that they give. The place is that of their list."""
    modules = []
    shape = place.shape
    for n, spec in enumerate(given):
        module, shape = _one(spec, replace(place, pointer=f"{place.pointer}/{n}", shape=shape))
        modules.append(module)
    return nn.Sequential(*modules), shape


def _one(spec: Any, place: Place) -> tuple[nn.Module, Shape]:
    inside = replace(place, pointer=f"{place.pointer}/layers")
    if spec.type == "residual":
        net, shape = _sequence(spec.layers, inside)
        if shape != place.shape:
            raise place.misfit(f"and its layers give {batch_of(shape)}, which can't be added to it")
        return Residual(net), shape
    if spec.type == "repeat":
        return _sequence_of_rounds(spec, inside)
    shape = _shape_after(spec, place)  # first: a layer that does not fit makes no weights
    return LAYERS[spec.type](spec, place), shape


def _sequence_of_rounds(spec: Any, place: Place) -> tuple[nn.Module, Shape]:
    rounds = []
    for _ in range(spec.times):
        net, shape = _sequence(spec.layers, place)
        rounds.append(net)
        place = replace(place, shape=shape)
    return nn.Sequential(*rounds), place.shape


def _shape_after(spec: Any, place: Place) -> Shape:
    """Return what a layer makes of one example's shape, by a forward that computes nothing."""
    try:
        with torch.device("meta"), torch.no_grad():
            module = LAYERS[spec.type](spec, place).eval()
            return tuple(module(torch.empty(2, *place.shape)).shape[1:])
    except (RuntimeError, ValueError, IndexError) as error:
        raise place.misfit(f"and torch says: {str(error).splitlines()[0]}") from None


def _last(spec: specs.Layers, shape: Shape, outputs: int) -> Fault:
    pointer = f"#/model/layers/{len(spec.layers) - 1}"
    detail = f"gives {batch_of(shape)}; the last layer must give {batch_of((outputs,))}"
    if len(shape) > 1:
        hint = 'put "flatten" before the last linear layer'
        return Fault(pointer, "shape_mismatch", detail, hint=hint)
    if spec.layers[-1].type == "linear":
        return Fault(f"{pointer}/out", "shape_mismatch", detail, value=shape[0], suggestion="auto")
    return Fault(pointer, "shape_mismatch", detail, hint='end with {"type": "linear", "out": "auto"}')
