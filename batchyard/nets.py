"""Neural nets with typed arguments; what is not said is left to the server."""
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
    """Linear layers, each followed by a norm, an activation and dropout, as asked."""

    type: ClassVar[str] = "mlp"
    #: Width of each hidden layer.
    hidden: Sequence[int] = UNSAID
    #: What follows each hidden layer.
    activation: Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu"] = UNSAID
    #: Share of hidden units set to zero while training.
    dropout: float = UNSAID
    #: Standardise before each activation: each unit over the batch, or each example's units; null: neither.
    norm: str | None = UNSAID
    #: Add what a hidden layer gets to what it gives, where the hidden layer before it is as wide.
    residual: bool = UNSAID
    #: piecewise: eight inputs for each number column, learnt, linear between quantiles; null: the number itself.
    number_embedding: str | None = UNSAID


@builder
class CNN:
    """Blocks of a convolution and a pool that halves, then linear layers; needs a column of tensors."""

    type: ClassVar[str] = "cnn"
    #: Channels that each block gives.
    channels: Sequence[int] = UNSAID
    #: Length of a kernel, the same in every direction; odd.
    kernel_size: int = UNSAID
    #: What is kept of each window of 2, as long as the size allows one: the largest, or the mean.
    pool: Literal["max", "avg"] = UNSAID
    #: Width of each hidden linear layer after the blocks.
    hidden: Sequence[int] = UNSAID
    #: Share of the values before each linear layer set to zero while training.
    dropout: float = UNSAID
    #: What follows each convolution and hidden layer.
    activation: Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu"] = UNSAID
    #: Standardise before each activation: each channel over the batch, or each example's values; null: neither.
    norm: str | None = UNSAID


@builder
class Layers:
    """A net of one's own, layer by layer."""

    type: ClassVar[str] = "layers"
    #: The layers, first to last; the last gives the outputs.
    layers: Sequence[Any]


@builder
class TabM:
    """Many MLPs that share most weights and are trained side by side; together they answer."""

    type: ClassVar[str] = "tabm"
    #: How many MLPs.
    k: int = UNSAID
    #: Width of each hidden layer.
    hidden: Sequence[int] = UNSAID
    #: Share of hidden units set to zero while training.
    dropout: float = UNSAID
    #: piecewise: eight inputs for each number column, learnt, linear between quantiles; null: the number itself.
    number_embedding: str | None = UNSAID


@builder
class Plugin:
    """A net that the operator has installed."""

    type: ClassVar[str] = "plugin"
    #: Under which the operator allows it.
    name: str
    #: What it takes, as its own documents say.
    params: dict[str, Any] = UNSAID
