"""Layers with typed arguments, for `batchyard.Layers`."""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import Any, ClassVar

from batchyard.builder import UNSAID, builder


@builder
class Linear:
    """Weighted sums of the last dimension, and a constant."""

    type: ClassVar[str] = "linear"
    #: How many sums; auto: the number of outputs.
    out: str | int


@builder
class Conv1d:
    """Convolution over (channels, length)."""

    type: ClassVar[str] = "conv1d"
    #: How many channels go out; auto: the number of outputs.
    out: str | int
    #: Length of the kernel.
    kernel_size: int
    #: Positions from one place of the kernel to the next.
    stride: int = UNSAID
    #: Zeros put at both ends; same: as many as keep the length.
    padding: str | int = UNSAID
    #: Distance between the kernel's own points.
    dilation: int = UNSAID
    #: Parts that the channels fall into, each convolved by itself.
    groups: int = UNSAID


@builder
class Conv2d:
    """Convolution over (channels, height, width)."""

    type: ClassVar[str] = "conv2d"
    #: How many channels go out; auto: the number of outputs.
    out: str | int
    #: Height and width of the kernel.
    kernel_size: int
    #: Positions from one place of the kernel to the next.
    stride: int = UNSAID
    #: Zeros put at each side; same: as many as keep height and width.
    padding: str | int = UNSAID
    #: Distance between the kernel's own points.
    dilation: int = UNSAID
    #: Parts that the channels fall into, each convolved by itself.
    groups: int = UNSAID


@builder
class MaxPool1d:
    """The largest of each window over (channels, length)."""

    type: ClassVar[str] = "max_pool1d"
    #: Length of the window.
    kernel_size: int
    #: Positions from one window to the next; null: the window's length.
    stride: int | None = UNSAID


@builder
class MaxPool2d:
    """The largest of each window over (channels, height, width)."""

    type: ClassVar[str] = "max_pool2d"
    #: Height and width of the window.
    kernel_size: int
    #: Positions from one window to the next; null: the window's size.
    stride: int | None = UNSAID


@builder
class AvgPool1d:
    """The mean of each window over (channels, length)."""

    type: ClassVar[str] = "avg_pool1d"
    #: Length of the window.
    kernel_size: int
    #: Positions from one window to the next; null: the window's length.
    stride: int | None = UNSAID


@builder
class AvgPool2d:
    """The mean of each window over (channels, height, width)."""

    type: ClassVar[str] = "avg_pool2d"
    #: Height and width of the window.
    kernel_size: int
    #: Positions from one window to the next; null: the window's size.
    stride: int | None = UNSAID


@builder
class AdaptiveAvgPool1d:
    """Means over (channels, length), of windows that give the wanted length."""

    type: ClassVar[str] = "adaptive_avg_pool1d"
    #: Length that goes out.
    output_size: int


@builder
class AdaptiveAvgPool2d:
    """Means over (channels, height, width), of windows that give the wanted size."""

    type: ClassVar[str] = "adaptive_avg_pool2d"
    #: Height and width that go out.
    output_size: int


@builder
class BatchNorm:
    """Each feature, or channel, standardised over the batch, then scaled and shifted."""

    type: ClassVar[str] = "batch_norm"


@builder
class LayerNorm:
    """All values of one example standardised together, then scaled and shifted each."""

    type: ClassVar[str] = "layer_norm"


@builder
class GroupNorm:
    """The values of each group of channels of one example standardised, then scaled and shifted by channel."""

    type: ClassVar[str] = "group_norm"
    #: Parts that the channels fall into.
    groups: int


@builder
class Dropout:
    """Values set to zero by chance while training."""

    type: ClassVar[str] = "dropout"
    #: Share of values set to zero.
    p: float = UNSAID


@builder
class ReLU:
    """max(0, x)."""

    type: ClassVar[str] = "relu"


@builder
class GELU:
    """x times the normal distribution function of x."""

    type: ClassVar[str] = "gelu"


@builder
class SiLU:
    """x times the sigmoid of x."""

    type: ClassVar[str] = "silu"


@builder
class Tanh:
    """The hyperbolic tangent: between -1 and 1."""

    type: ClassVar[str] = "tanh"


@builder
class Sigmoid:
    """1 / (1 + exp(-x)): between 0 and 1."""

    type: ClassVar[str] = "sigmoid"


@builder
class LeakyReLU:
    """x where it is positive, a small part of it elsewhere."""

    type: ClassVar[str] = "leaky_relu"
    #: The part that is left of negative values.
    negative_slope: float = UNSAID


@builder
class ELU:
    """x where it is positive, exp(x) - 1 elsewhere."""

    type: ClassVar[str] = "elu"


@builder
class Softplus:
    """ln(1 + exp(x)): a smooth max(0, x)."""

    type: ClassVar[str] = "softplus"


@builder
class Flatten:
    """All values of one example in one dimension."""

    type: ClassVar[str] = "flatten"


@builder
class Unflatten:
    """The values of one example in several dimensions, as channels, height and width."""

    type: ClassVar[str] = "unflatten"
    #: (channels, length) or (channels, height, width).
    shape: Sequence[int]


@builder
class Embedding:
    """A learnt vector in place of each whole number; needs columns of numbers that are not scaled."""

    type: ClassVar[str] = "embedding"
    #: How many vectors: the numbers go from 0 to one less.
    num: int
    #: Length of a vector.
    dim: int


@builder
class Residual:
    """What comes in plus what its layers make of it, which has the same shape."""

    type: ClassVar[str] = "residual"
    #: The layers, first to last.
    layers: Sequence[Any]


@builder
class Repeat:
    """The same layers several times, one after another, each with weights of its own."""

    type: ClassVar[str] = "repeat"
    #: How often.
    times: int
    #: The layers, first to last.
    layers: Sequence[Any]
