"""The convolutional net, over (channels, length) or (channels, height, width)."""

import math
from dataclasses import dataclass

from torch import nn

from services.errors import InvalidRequest
from services.specs.schema import models as specs
from services.training.models.activations import ACTIVATIONS
from services.training.models.inputs import Inputs
from services.training.models.mlp import NORMS
from services.training.models.place import needs_tensor


@dataclass(frozen=True)
class _Kinds:
    """What differs between one dimension and two."""

    conv: type[nn.Conv1d] | type[nn.Conv2d]
    norm: type[nn.BatchNorm1d] | type[nn.BatchNorm2d]
    pools: dict[str, type[nn.Module]]


KINDS = {
    2: _Kinds(nn.Conv1d, nn.BatchNorm1d, {"max": nn.MaxPool1d, "avg": nn.AvgPool1d}),
    3: _Kinds(nn.Conv2d, nn.BatchNorm2d, {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}),
}


def cnn(spec: specs.CNN, inputs: Inputs, outputs: int) -> nn.Module:
    """Return blocks that convolve and halve, then linear layers: (batch, *shape) to (batch, outputs).

    Raises: InvalidRequest when the features of an example are not (channels, length) or (channels, height, width).
    """
    if len(inputs.shape) not in KINDS:
        raise InvalidRequest([needs_tensor("cnn", inputs.shape, "(channels, length) or (channels, height, width)")])
    kinds = KINDS[len(inputs.shape)]
    channels, *sizes = inputs.shape
    layers: list[nn.Module] = []
    for out in spec.channels:
        layers += _block(spec, kinds, channels, out)
        channels = out
        if min(sizes) >= 2:
            layers.append(kinds.pools[spec.pool](2))
            sizes = [size // 2 for size in sizes]
    layers.append(nn.Flatten())
    width = channels * math.prod(sizes)
    for after in spec.hidden:
        layers += _dropout(spec)
        layers.append(nn.Linear(width, after))
        if spec.norm:
            layers.append(NORMS[spec.norm](after))
        layers.append(ACTIVATIONS[spec.activation]())
        width = after
    return nn.Sequential(*layers, *_dropout(spec), nn.Linear(width, outputs))


def _block(spec: specs.CNN, kinds: _Kinds, channels: int, out: int) -> list[nn.Module]:
    # An odd kernel and half of it added on each side keep the size, as padding "same" does.
    block: list[nn.Module] = [kinds.conv(channels, out, spec.kernel_size, padding=spec.kernel_size // 2)]
    if spec.norm == "batch":
        block.append(kinds.norm(out))
    elif spec.norm == "layer":
        # One group of all channels is the norm over an example that does not depend on the size.
        block.append(nn.GroupNorm(1, out))
    block.append(ACTIVATIONS[spec.activation]())
    return block


def _dropout(spec: specs.CNN) -> list[nn.Module]:
    return [nn.Dropout(spec.dropout)] if spec.dropout else []
