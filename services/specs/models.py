"""The neural nets that a spec can ask for. What builds them: `services/training/models.py`."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.specs.fields import STRICT, ByName, Share

Activation = Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu"]
Width = Annotated[int, Field(ge=1, le=65_536)]


class Linear(BaseModel):
    """One linear layer from the features to the outputs."""

    model_config = STRICT

    type: Literal["linear"] = "linear"
    bias: bool = True
    """Whether the layer adds a constant."""


class MLP(BaseModel):
    """Linear layers with an activation, and dropout, between them."""

    model_config = STRICT

    type: Literal["mlp"] = "mlp"
    hidden: Annotated[list[Width], Field(min_length=1, max_length=200)] = [64, 64]
    """Width of each hidden layer."""
    activation: Activation = "relu"
    """What follows each hidden layer."""
    dropout: Share = 0.0
    """Share of hidden units set to zero while training."""


Model = Annotated[Linear | MLP, Field(discriminator="type"), ByName]
