"""Neural nets with typed arguments; what you leave out is left to the server."""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from batchyard.builder import UNSAID, builder


@builder
class Linear:
    """One linear layer from the features to the outputs."""

    type: ClassVar[str] = "linear"
    #: Whether the layer adds a constant.
    bias: bool = UNSAID


@builder
class MLP:
    """Linear layers, each followed by an optional norm, an activation and dropout."""

    type: ClassVar[str] = "mlp"
    #: Width of each hidden layer.
    hidden: Sequence[int] = UNSAID
    #: What follows each hidden layer.
    activation: Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu"] = UNSAID
    #: Share of hidden units set to zero during training.
    dropout: float = UNSAID
    #: Normalise before each activation: each unit over the batch, or each example's units; null: neither.
    norm: str | None = UNSAID
    #: Add a hidden layer's input to its output if both have the same width.
    residual: bool = UNSAID
    #: piecewise: eight learnt inputs for each number column, linear between quantiles; null: the number itself.
    number_embedding: str | None = UNSAID


@builder
class CNN:
    """Blocks of a convolution and a pooling that halves the size, then linear layers; needs a tensor column."""

    type: ClassVar[str] = "cnn"
    #: Output channels of each block.
    channels: Sequence[int] = UNSAID
    #: Length of a kernel, the same in every direction; odd.
    kernel_size: int = UNSAID
    #: What is kept of each window of 2, while the size allows it: the maximum, or the mean.
    pool: Literal["max", "avg"] = UNSAID
    #: Width of each hidden linear layer after the blocks.
    hidden: Sequence[int] = UNSAID
    #: Share of the values before each linear layer set to zero during training.
    dropout: float = UNSAID
    #: What follows each convolution and hidden layer.
    activation: Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu"] = UNSAID
    #: Normalise before each activation: each channel over the batch, or each example's values; null: neither.
    norm: str | None = UNSAID


@builder
class LSTM:
    """A recurrent net that reads a series step by step, then a linear layer; needs a tensor column."""

    type: ClassVar[str] = "lstm"
    #: How many values the net carries from step to step.
    hidden: int = UNSAID
    #: How many are stacked: each reads what the one below gives at every step.
    layers: int = UNSAID
    #: Also read the series from its end, with weights of its own.
    bidirectional: bool = UNSAID
    #: Share of the values before each further layer, and before the outputs, set to zero during training.
    dropout: float = UNSAID


@builder
class Layers:
    """A custom network, layer by layer."""

    type: ClassVar[str] = "layers"
    #: The layers, first to last; the last one returns the outputs.
    layers: Sequence[Any]


@builder
class TabM:
    """Many MLPs that share most of their weights and are trained together; a prediction is their average."""

    type: ClassVar[str] = "tabm"
    #: How many MLPs.
    k: int = UNSAID
    #: Width of each hidden layer.
    hidden: Sequence[int] = UNSAID
    #: Share of hidden units set to zero during training.
    dropout: float = UNSAID
    #: piecewise: eight learnt inputs for each number column, linear between quantiles; null: the number itself.
    number_embedding: str | None = UNSAID


@builder
class Plugin:
    """A network that the operator has installed."""

    type: ClassVar[str] = "plugin"
    #: The name under which the operator allows it.
    name: str
    #: Its parameters, as its own documentation says.
    params: dict[str, Any] = UNSAID
