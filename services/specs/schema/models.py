"""The neural nets that a spec can ask for. What builds them: `services/training/models/`."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.specs.schema.fields import STRICT, ByName, Name, Share
from services.specs.schema.layers import MAX_LAYERS, Layer, Width, counted

Activation = Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu"]
Norm = Literal["batch", "layer"]
Hidden = Annotated[list[Width], Field(min_length=1, max_length=MAX_LAYERS)]


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"is {size}; must be odd, so that both sides are padded equally")
    return size


class Linear(BaseModel):
    """One linear layer from the features to the outputs."""

    model_config = STRICT

    type: Literal["linear"] = "linear"
    bias: bool = True
    """Whether the layer adds a constant."""


class MLP(BaseModel):
    """Linear layers, each followed by an optional norm, an activation and dropout."""

    model_config = STRICT

    type: Literal["mlp"] = "mlp"
    hidden: Hidden = [128, 128]
    """Width of each hidden layer."""
    activation: Activation = "relu"
    """What follows each hidden layer."""
    dropout: Share = 0.1
    """Share of hidden units set to zero during training."""
    norm: Norm | None = None
    """Normalise before each activation: each unit over the batch, or each example's units; null: neither."""
    residual: bool = False
    """Add a hidden layer's input to its output if both have the same width."""
    number_embedding: Literal["piecewise"] | None = "piecewise"
    """piecewise: eight learnt inputs for each number column, linear between quantiles; null: the number itself."""

    @model_validator(mode="after")
    def _has_somewhere_to_add(self) -> "MLP":
        if self.residual and all(before != after for before, after in pairwise(self.hidden)):
            raise ValueError("has no two hidden layers of the same width one after another, which residual needs")
        return self


class CNN(BaseModel):
    """Blocks of a convolution and a pooling that halves the size, then linear layers; needs a tensor column."""

    model_config = STRICT

    type: Literal["cnn"] = "cnn"
    channels: Annotated[list[Width], Field(min_length=1, max_length=MAX_LAYERS)] = [32, 64]
    """Output channels of each block."""
    kernel_size: Annotated[int, Field(ge=1, le=255), AfterValidator(_odd)] = 3
    """Length of a kernel, the same in every direction; odd."""
    pool: Literal["max", "avg"] = "max"
    """What is kept of each window of 2, while the size allows it: the maximum, or the mean."""
    hidden: Annotated[list[Width], Field(max_length=MAX_LAYERS)] = [128]
    """Width of each hidden linear layer after the blocks."""
    dropout: Share = 0.0
    """Share of the values before each linear layer set to zero during training."""
    activation: Activation = "relu"
    """What follows each convolution and hidden layer."""
    norm: Norm | None = None
    """Normalise before each activation: each channel over the batch, or each example's values; null: neither."""


class LSTM(BaseModel):
    """A recurrent net that reads a series step by step, then a linear layer; needs a tensor column."""

    model_config = STRICT

    type: Literal["lstm"] = "lstm"
    hidden: Width = 64
    """How many values the net carries from step to step."""
    layers: Annotated[int, Field(ge=1, le=8)] = 1
    """How many are stacked: each reads what the one below gives at every step."""
    bidirectional: bool = False
    """Also read the series from its end, with weights of its own."""
    dropout: Share = 0.0
    """Share of the values before each further layer, and before the outputs, set to zero during training."""


class Layers(BaseModel):
    """A custom network, layer by layer."""

    model_config = STRICT

    type: Literal["layers"] = "layers"
    layers: Annotated[list[Layer], Field(min_length=1, max_length=MAX_LAYERS), AfterValidator(counted)]
    """The layers, first to last; the last one returns the outputs."""


class TabM(BaseModel):
    """Many MLPs that share most of their weights and are trained together; a prediction is their average."""

    model_config = STRICT

    type: Literal["tabm"] = "tabm"
    k: Annotated[int, Field(ge=1, le=256)] = 8
    """How many MLPs."""
    hidden: Hidden = [64, 64]
    """Width of each hidden layer."""
    dropout: Share = 0.1
    """Share of hidden units set to zero during training."""
    number_embedding: Literal["piecewise"] | None = "piecewise"
    """piecewise: eight learnt inputs for each number column, linear between quantiles; null: the number itself."""


class Plugin(BaseModel):
    """A network that the operator has installed."""

    model_config = STRICT

    type: Literal["plugin"] = "plugin"
    name: Name
    """The name under which the operator allows it."""
    params: dict[str, Any] = {}
    """Its parameters, as its own documentation says."""


Model = Annotated[Linear | MLP | CNN | LSTM | Layers | TabM | Plugin, Field(discriminator="type"), ByName]
