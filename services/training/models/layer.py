"""The layers of a net of one's own by name: one entry and its spec in `services/specs/schema/layers.py` add another.

Each is built for the shape that reaches it. What torch would take but nobody means, as a batch of rows taken for one
picture, is refused here.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from services.training.models.lstm import LSTM
from services.training.models.place import Place, Shape

#: What a layer with so many dimensions takes.
TAKES = {2: "(batch, channels, length)", 3: "(batch, channels, height, width)"}


class Embedding(nn.Embedding):
    """A learnt vector in place of each whole number."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors. Shapes: input (batch, ...) float32; returns (batch, ..., dim)."""
        return super().forward(input.long())


def _linear(spec: Any, place: Place) -> nn.Module:
    return nn.Linear(place.shape[-1], _out(spec, place))


def _conv(module: type[nn.Conv1d] | type[nn.Conv2d], dimensions: int) -> Callable[[Any, Place], nn.Module]:
    def build(spec: Any, place: Place) -> nn.Module:
        _check_dimensions(spec, place, dimensions)
        channels, *sizes = place.shape
        out = _out(spec, place)
        _check_groups(spec.groups, [channels, out], place)
        span = spec.dilation * (spec.kernel_size - 1)  # from the kernel's first point to its last
        if spec.padding == "same" and spec.stride > 1:
            raise place.misfit(f'and a stride of {spec.stride} can\'t keep the size as "same" would', "padding", 0)
        if spec.padding == "same" and span % 2:
            why = f'and a kernel of {spec.kernel_size} is even: "same" can\'t pad both sides equally'
            raise place.misfit(why, "kernel_size", spec.kernel_size - 1)
        if spec.padding != "same":
            _check_kernel(spec.kernel_size, [size + 2 * spec.padding for size in sizes], place, spec.dilation)
        return module(
            channels,
            out,
            spec.kernel_size,
            stride=spec.stride,
            padding=spec.padding,
            dilation=spec.dilation,
            groups=spec.groups,
        )

    return build


def _lstm(spec: Any, place: Place) -> nn.Module:
    _check_dimensions(spec, place, 2)
    return LSTM(place.shape[0], spec.out, every=spec.steps == "all", bidirectional=spec.bidirectional)


def _pool(module: Callable[..., nn.Module], dimensions: int) -> Callable[[Any, Place], nn.Module]:
    def build(spec: Any, place: Place) -> nn.Module:
        _check_dimensions(spec, place, dimensions)
        _check_kernel(spec.kernel_size, place.shape[1:], place)
        return module(spec.kernel_size, stride=spec.stride)

    return build


def _adaptive(module: Callable[..., nn.Module], dimensions: int) -> Callable[[Any, Place], nn.Module]:
    def build(spec: Any, place: Place) -> nn.Module:
        _check_dimensions(spec, place, dimensions)
        return module(spec.output_size)

    return build


def _batch_norm(_: Any, place: Place) -> nn.Module:
    return nn.BatchNorm2d(place.shape[0]) if len(place.shape) == 3 else nn.BatchNorm1d(place.shape[0])


def _group_norm(spec: Any, place: Place) -> nn.Module:
    _check_groups(spec.groups, [place.shape[0]], place)
    if math.prod(place.shape) == spec.groups:
        raise place.misfit("and a group of one value has no spread to divide by", "groups")
    return nn.GroupNorm(spec.groups, place.shape[0])


def _unflatten(spec: Any, place: Place) -> nn.Module:
    if len(place.shape) > 1:
        raise place.misfit("which is not flat", hint='put "flatten" before it')
    if math.prod(spec.shape) != place.shape[0]:
        raise place.misfit(f"and {' x '.join(map(str, spec.shape))} is {math.prod(spec.shape)}", "shape")
    return nn.Unflatten(1, spec.shape)


#: Each takes a layer's spec and its place.
LAYERS: dict[str, Callable[[Any, Place], nn.Module]] = {
    "linear": _linear,
    "conv1d": _conv(nn.Conv1d, 2),
    "conv2d": _conv(nn.Conv2d, 3),
    "lstm": _lstm,
    "max_pool1d": _pool(nn.MaxPool1d, 2),
    "max_pool2d": _pool(nn.MaxPool2d, 3),
    "avg_pool1d": _pool(nn.AvgPool1d, 2),
    "avg_pool2d": _pool(nn.AvgPool2d, 3),
    "adaptive_avg_pool1d": _adaptive(nn.AdaptiveAvgPool1d, 2),
    "adaptive_avg_pool2d": _adaptive(nn.AdaptiveAvgPool2d, 3),
    "batch_norm": _batch_norm,
    "layer_norm": lambda spec, place: nn.LayerNorm(place.shape),
    "group_norm": _group_norm,
    "dropout": lambda spec, place: nn.Dropout(spec.p),
    "relu": lambda spec, place: nn.ReLU(),
    "gelu": lambda spec, place: nn.GELU(),
    "silu": lambda spec, place: nn.SiLU(),
    "tanh": lambda spec, place: nn.Tanh(),
    "sigmoid": lambda spec, place: nn.Sigmoid(),
    "leaky_relu": lambda spec, place: nn.LeakyReLU(spec.negative_slope),
    "elu": lambda spec, place: nn.ELU(),
    "softplus": lambda spec, place: nn.Softplus(),
    "flatten": lambda spec, place: nn.Flatten(),
    "unflatten": _unflatten,
    "embedding": lambda spec, place: Embedding(spec.num, spec.dim),
}


def _out(spec: Any, place: Place) -> int:
    return place.outputs if spec.out == "auto" else int(spec.out)


def _check_dimensions(spec: Any, place: Place, wanted: int) -> None:
    """Refuse another number of dimensions: torch would take the batch for channels."""
    there = len(place.shape)
    if there == wanted:
        return
    why = f"and {spec.type} takes {TAKES[wanted]}"
    if there in TAKES and spec.type != "lstm":
        raise place.misfit(why, suggestion=f"{spec.type[:-2]}{there - 1}d")
    hint = 'put {"type": "unflatten", "shape": [...]} before it' if there == 1 else None
    raise place.misfit(why, hint=hint)


def _check_kernel(kernel: int, sizes: Sequence[int], place: Place, dilation: int = 1) -> None:
    fits = (min(sizes) - 1) // dilation + 1
    if kernel > fits:
        raise place.misfit(f"and a kernel of {kernel} does not fit", "kernel_size", fits)


def _check_groups(groups: int, parted: Shape | list[int], place: Place) -> None:
    """Refuse groups that do not part each of these numbers evenly."""
    for channels in parted:
        if channels % groups:
            fits = max(n for n in range(1, groups) if math.gcd(*parted) % n == 0)
            raise place.misfit(f"and {groups} groups do not divide {channels} evenly", "groups", fits)
