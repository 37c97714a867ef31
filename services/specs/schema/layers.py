"""The layers that a net of one's own is made of: the allow-list. What builds them: `services/training/models/layer.py`.

Only sizes that go out are written: every size that comes in follows from the layer before.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.specs.schema.activations import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh
from services.specs.schema.fields import STRICT, ByName, Share

MAX_LAYERS = 200  #: of a net, each as often as it is repeated

Width = Annotated[int, Field(ge=1, le=65_536)]
Out = Literal["auto"] | Width
Extent = Annotated[int, Field(ge=1, le=1_024)]  #: of a kernel or a step, in positions
Padding = Annotated[int, Field(ge=0, le=1_024)]


class LinearLayer(BaseModel):
    """Weighted sums over the last dimension, plus a constant."""

    model_config = STRICT

    type: Literal["linear"] = "linear"
    out: Out
    """How many sums; auto: the number of outputs."""


class Conv1d(BaseModel):
    """Convolution over (channels, length)."""

    model_config = STRICT

    type: Literal["conv1d"] = "conv1d"
    out: Out
    """Number of output channels; auto: the number of outputs."""
    kernel_size: Extent
    """Length of the kernel."""
    stride: Extent = 1
    """Step of the kernel."""
    padding: Literal["same"] | Padding = 0
    """Zeros added at both ends; same: as many as keep the length."""
    dilation: Extent = 1
    """Spacing between the kernel's points."""
    groups: Width = 1
    """Groups of channels that are convolved separately."""


class Conv2d(BaseModel):
    """Convolution over (channels, height, width)."""

    model_config = STRICT

    type: Literal["conv2d"] = "conv2d"
    out: Out
    """Number of output channels; auto: the number of outputs."""
    kernel_size: Extent
    """Height and width of the kernel."""
    stride: Extent = 1
    """Step of the kernel."""
    padding: Literal["same"] | Padding = 0
    """Zeros added on each side; same: as many as keep height and width."""
    dilation: Extent = 1
    """Spacing between the kernel's points."""
    groups: Width = 1
    """Groups of channels that are convolved separately."""


class LSTMLayer(BaseModel):
    """A recurrent layer over (channels, length): each step sees what the earlier ones left."""

    model_config = STRICT

    type: Literal["lstm"] = "lstm"
    out: Width
    """How many values it carries from step to step, and gives."""
    bidirectional: bool = False
    """Also read the series from its end; it then gives twice as many values."""
    steps: Literal["last", "all"] = "last"
    """last: what is left when the whole series is read; all: (values, length), for a layer that reads on."""


class MaxPool1d(BaseModel):
    """The maximum of each window over (channels, length)."""

    model_config = STRICT

    type: Literal["max_pool1d"] = "max_pool1d"
    kernel_size: Extent
    """Length of the window."""
    stride: Extent | None = None
    """Step of the window; null: the window's length."""


class MaxPool2d(BaseModel):
    """The maximum of each window over (channels, height, width)."""

    model_config = STRICT

    type: Literal["max_pool2d"] = "max_pool2d"
    kernel_size: Extent
    """Height and width of the window."""
    stride: Extent | None = None
    """Step of the window; null: the window's size."""


class AvgPool1d(BaseModel):
    """The mean of each window over (channels, length)."""

    model_config = STRICT

    type: Literal["avg_pool1d"] = "avg_pool1d"
    kernel_size: Extent
    """Length of the window."""
    stride: Extent | None = None
    """Step of the window; null: the window's length."""


class AvgPool2d(BaseModel):
    """The mean of each window over (channels, height, width)."""

    model_config = STRICT

    type: Literal["avg_pool2d"] = "avg_pool2d"
    kernel_size: Extent
    """Height and width of the window."""
    stride: Extent | None = None
    """Step of the window; null: the window's size."""


class AdaptiveAvgPool1d(BaseModel):
    """Means over (channels, length), in windows that produce the given length."""

    model_config = STRICT

    type: Literal["adaptive_avg_pool1d"] = "adaptive_avg_pool1d"
    output_size: Extent
    """Output length."""


class AdaptiveAvgPool2d(BaseModel):
    """Means over (channels, height, width), in windows that produce the given size."""

    model_config = STRICT

    type: Literal["adaptive_avg_pool2d"] = "adaptive_avg_pool2d"
    output_size: Extent
    """Output height and width."""


class BatchNorm(BaseModel):
    """Each feature or channel normalised over the batch, then scaled and shifted."""

    model_config = STRICT

    type: Literal["batch_norm"] = "batch_norm"


class LayerNorm(BaseModel):
    """All values of one example normalised together, then each scaled and shifted."""

    model_config = STRICT

    type: Literal["layer_norm"] = "layer_norm"


class GroupNorm(BaseModel):
    """The values of each group of channels of one example normalised, then scaled and shifted by channel."""

    model_config = STRICT

    type: Literal["group_norm"] = "group_norm"
    groups: Width
    """Number of groups of channels."""


class Dropout(BaseModel):
    """Values set to zero at random during training."""

    model_config = STRICT

    type: Literal["dropout"] = "dropout"
    p: Share = 0.5
    """Share of values set to zero."""


class Flatten(BaseModel):
    """All values of one example in one dimension."""

    model_config = STRICT

    type: Literal["flatten"] = "flatten"


class Unflatten(BaseModel):
    """The values of one example in several dimensions, as channels, height and width."""

    model_config = STRICT

    type: Literal["unflatten"] = "unflatten"
    shape: Annotated[list[Width], Field(min_length=2, max_length=3)]
    """(channels, length) or (channels, height, width)."""


class Embedding(BaseModel):
    """A learnt vector for each whole number; needs number columns that are not scaled."""

    model_config = STRICT

    type: Literal["embedding"] = "embedding"
    num: Annotated[int, Field(ge=1, le=10_000_000)]
    """Number of vectors, for the numbers from 0 to num - 1."""
    dim: Width
    """Length of a vector."""


class Residual(BaseModel):
    """Its input plus the output of its layers, which must have the same shape."""

    model_config = STRICT

    type: Literal["residual"] = "residual"
    layers: Annotated[list["Layer"], Field(min_length=1, max_length=MAX_LAYERS)]
    """The layers, first to last."""


class Repeat(BaseModel):
    """The same layers several times in a row, each time with weights of their own."""

    model_config = STRICT

    type: Literal["repeat"] = "repeat"
    times: Annotated[int, Field(ge=1, le=MAX_LAYERS)]
    """How often."""
    layers: Annotated[list["Layer"], Field(min_length=1, max_length=MAX_LAYERS)]
    """The layers, first to last."""


Layer = Annotated[
    LinearLayer
    | Conv1d
    | Conv2d
    | LSTMLayer
    | MaxPool1d
    | MaxPool2d
    | AvgPool1d
    | AvgPool2d
    | AdaptiveAvgPool1d
    | AdaptiveAvgPool2d
    | BatchNorm
    | LayerNorm
    | GroupNorm
    | Dropout
    | ReLU
    | GELU
    | SiLU
    | Tanh
    | Sigmoid
    | LeakyReLU
    | ELU
    | Softplus
    | Flatten
    | Unflatten
    | Embedding
    | Residual
    | Repeat,
    Field(discriminator="type"),
    ByName,
]
Residual.model_rebuild()
Repeat.model_rebuild()


def counted(layers: list[Layer]) -> list[Layer]:
    """Return the layers; ValueError if they are more than a net may have, each counted as often as it is repeated."""
    count = sum(_count(layer) for layer in layers)
    if count > MAX_LAYERS:
        raise ValueError(f"makes {count} layers; must be at most {MAX_LAYERS}")
    return layers


def _count(layer: Layer) -> int:
    if isinstance(layer, Residual | Repeat):
        times = layer.times if isinstance(layer, Repeat) else 1
        return times * sum(_count(inner) for inner in layer.layers)
    return 1
