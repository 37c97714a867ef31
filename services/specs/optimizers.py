"""The optimizers that a spec can ask for. What builds them: `services/training/optimizers.py`."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from services.specs.fields import STRICT, ByName, NotNegative, Positive, Share

Betas = Annotated[list[Share], Field(min_length=2, max_length=2)]


class SGD(BaseModel):
    """Stochastic gradient descent, with or without momentum."""

    model_config = STRICT

    type: Literal["sgd"] = "sgd"
    lr: Positive = 0.01
    """Step size."""
    momentum: Share = 0.0
    """Share of the last step that is added to the next."""
    nesterov: bool = False
    """Look ahead along the momentum; needs momentum."""
    weight_decay: NotNegative = 0.0
    """L2 penalty."""

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs momentum above 0")
        return self


class Adam(BaseModel):
    """Adam: steps scaled by running moments of the gradient."""

    model_config = STRICT

    type: Literal["adam"] = "adam"
    lr: Positive = 0.001
    """Step size."""
    weight_decay: NotNegative = 0.0
    """L2 penalty, inside the gradient."""
    betas: Betas = [0.9, 0.999]
    """Decay of the running mean and of the running square."""
    eps: Positive = 1e-8
    """Keeps the division finite."""


class AdamW(BaseModel):
    """Adam with decoupled weight decay; a safe default."""

    model_config = STRICT

    type: Literal["adamw"] = "adamw"
    lr: Positive = 0.001
    """Step size."""
    weight_decay: NotNegative = 0.01
    """Decoupled decay of the weights."""
    betas: Betas = [0.9, 0.999]
    """Decay of the running mean and of the running square."""
    eps: Positive = 1e-8
    """Keeps the division finite."""


Optimizer = Annotated[SGD | Adam | AdamW, Field(discriminator="type"), ByName]
