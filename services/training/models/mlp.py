"""The multilayer perceptron."""

from torch import nn

from services.specs.schema import models as specs
from services.training.models.activations import ACTIVATIONS
from services.training.models.inputs import Inputs
from services.training.models.residual import Residual
from services.training.models.stem import stem

NORMS: dict[str, type[nn.BatchNorm1d] | type[nn.LayerNorm]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


def mlp(spec: specs.MLP, inputs: Inputs, outputs: int) -> nn.Module:
    """Return linear layers with what a spec asks between them: (batch, *shape) to (batch, outputs)."""
    layers, width = stem(inputs, spec.number_embedding)
    for n, after in enumerate(spec.hidden):
        block = _block(spec, width, after)
        if spec.residual and n and width == after:
            block = [Residual(nn.Sequential(*block))]
        layers += block
        width = after
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def _block(spec: specs.MLP, before: int, after: int) -> list[nn.Module]:
    block: list[nn.Module] = [nn.Linear(before, after)]
    if spec.norm:
        block.append(NORMS[spec.norm](after))
    block.append(ACTIVATIONS[spec.activation]())
    if spec.dropout:
        block.append(nn.Dropout(spec.dropout))
    return block
