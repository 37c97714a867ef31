"""Layers with typed arguments, for `batchyard.Layers`."""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from batchyard.builder import UNSAID, builder


@builder
class Linear:
    """Weighted sums over the last dimension, plus a constant."""

    type: ClassVar[str] = "linear"
    #: How many sums; auto: the number of outputs.
    out: str | int


@builder
class Conv1d:
    """Convolution over (channels, length)."""

    type: ClassVar[str] = "conv1d"
    #: Number of output channels; auto: the number of outputs.
    out: str | int
    #: Length of the kernel.
    kernel_size: int
    #: Step of the kernel.
    stride: int = UNSAID
    #: Zeros added at both ends; same: as many as keep the length.
    padding: str | int = UNSAID
    #: Spacing between the kernel's points.
    dilation: int = UNSAID
    #: Groups of channels that are convolved separately.
    groups: int = UNSAID


@builder
class Conv2d:
    """Convolution over (channels, height, width)."""

    type: ClassVar[str] = "conv2d"
    #: Number of output channels; auto: the number of outputs.
    out: str | int
    #: Height and width of the kernel.
    kernel_size: int
    #: Step of the kernel.
    stride: int = UNSAID
    #: Zeros added on each side; same: as many as keep height and width.
    padding: str | int = UNSAID
    #: Spacing between the kernel's points.
    dilation: int = UNSAID
    #: Groups of channels that are convolved separately.
    groups: int = UNSAID


@builder
class LSTM:
    """A recurrent layer over (channels, length): each step sees what the earlier ones left."""

    type: ClassVar[str] = "lstm"
    #: How many values it carries from step to step, and gives.
    out: int
    #: Also read the series from its end; it then gives twice as many values.
    bidirectional: bool = UNSAID
    #: last: what is left when the whole series is read; all: (values, length), for a layer that reads on.
    steps: Literal["last", "all"] = UNSAID


@builder
class MaxPool1d:
    """The maximum of each window over (channels, length)."""

    type: ClassVar[str] = "max_pool1d"
    #: Length of the window.
    kernel_size: int
    #: Step of the window; null: the window's length.
    stride: int | None = UNSAID


@builder
class MaxPool2d:
    """The maximum of each window over (channels, height, width)."""

    type: ClassVar[str] = "max_pool2d"
    #: Height and width of the window.
    kernel_size: int
    #: Step of the window; null: the window's size.
    stride: int | None = UNSAID


@builder
class AvgPool1d:
    """The mean of each window over (channels, length)."""

    type: ClassVar[str] = "avg_pool1d"
    #: Length of the window.
    kernel_size: int
    #: Step of the window; null: the window's length.
    stride: int | None = UNSAID


@builder
class AvgPool2d:
    """The mean of each window over (channels, height, width)."""

    type: ClassVar[str] = "avg_pool2d"
    #: Height and width of the window.
    kernel_size: int
    #: Step of the window; null: the window's size.
    stride: int | None = UNSAID


@builder
class AdaptiveAvgPool1d:
    """Means over (channels, length), in windows that produce the given length."""

    type: ClassVar[str] = "adaptive_avg_pool1d"
    #: Output length.
    output_size: int


@builder
class AdaptiveAvgPool2d:
    """Means over (channels, height, width), in windows that produce the given size."""

    type: ClassVar[str] = "adaptive_avg_pool2d"
    #: Output height and width.
    output_size: int


@builder
class BatchNorm:
    """Each feature or channel normalised over the batch, then scaled and shifted."""

    type: ClassVar[str] = "batch_norm"


@builder
class LayerNorm:
    """All values of one example normalised together, then each scaled and shifted."""

    type: ClassVar[str] = "layer_norm"


@builder
class GroupNorm:
    """The values of each group of channels of one example normalised, then scaled and shifted by channel."""

    type: ClassVar[str] = "group_norm"
    #: Number of groups of channels.
    groups: int


@builder
class Dropout:
    """Values set to zero at random during training."""

    type: ClassVar[str] = "dropout"
    #: Share of values set to zero.
    p: float = UNSAID


@builder
class ReLU:
    """max(0, x)."""

    type: ClassVar[str] = "relu"


@builder
class GELU:
    """x times the standard normal distribution function of x."""

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
    """x where it is positive, a small fraction of it elsewhere."""

    type: ClassVar[str] = "leaky_relu"
    #: The fraction that is left of negative values.
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
    """A learnt vector for each whole number; needs number columns that are not scaled."""

    type: ClassVar[str] = "embedding"
    #: Number of vectors, for the numbers from 0 to num - 1.
    num: int
    #: Length of a vector.
    dim: int


@builder
class Residual:
    """Its input plus the output of its layers, which must have the same shape."""

    type: ClassVar[str] = "residual"
    #: The layers, first to last.
    layers: Sequence[Any]


@builder
class Repeat:
    """The same layers several times in a row, each time with weights of their own."""

    type: ClassVar[str] = "repeat"
    #: How often.
    times: int
    #: The layers, first to last.
    layers: Sequence[Any]
