"""The optimizers that a spec can ask for. What builds them: `services/training/loop/optimizers.py`."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from services.specs.schema.fields import STRICT, ByName, NotNegative, Positive, Share

Betas = Annotated[list[Share], Field(min_length=2, max_length=2)]


class SGD(BaseModel):
    """Stochastic gradient descent, with or without momentum."""

    model_config = STRICT

    type: Literal["sgd"] = "sgd"
    lr: Positive = 0.01
    """Step size."""
    momentum: Share = 0.0
    """Share of the previous step that is added to the next."""
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
    """Added to the denominator to keep the division finite."""


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
    """Added to the denominator to keep the division finite."""


class NAdam(BaseModel):
    """Adam with Nesterov momentum."""

    model_config = STRICT

    type: Literal["nadam"] = "nadam"
    lr: Positive = 0.002
    """Step size."""
    weight_decay: NotNegative = 0.0
    """L2 penalty, inside the gradient."""
    betas: Betas = [0.9, 0.999]
    """Decay of the running mean and of the running square."""
    eps: Positive = 1e-8
    """Added to the denominator to keep the division finite."""
    momentum_decay: NotNegative = 0.004
    """How fast the momentum grows to its full value."""


class RAdam(BaseModel):
    """Adam that scales only once the running square is reliable."""

    model_config = STRICT

    type: Literal["radam"] = "radam"
    lr: Positive = 0.001
    """Step size."""
    weight_decay: NotNegative = 0.0
    """L2 penalty, inside the gradient."""
    betas: Betas = [0.9, 0.999]
    """Decay of the running mean and of the running square."""
    eps: Positive = 1e-8
    """Added to the denominator to keep the division finite."""


class RMSprop(BaseModel):
    """Steps scaled by a running root mean square of the gradient."""

    model_config = STRICT

    type: Literal["rmsprop"] = "rmsprop"
    lr: Positive = 0.01
    """Step size."""
    alpha: Share = 0.99
    """Decay of the running square."""
    momentum: Share = 0.0
    """Share of the previous step that is added to the next."""
    centered: bool = False
    """Subtract the running mean before squaring."""
    weight_decay: NotNegative = 0.0
    """L2 penalty."""
    eps: Positive = 1e-8
    """Added to the denominator to keep the division finite."""


class Adagrad(BaseModel):
    """Steps scaled by the sum of all squared gradients so far."""

    model_config = STRICT

    type: Literal["adagrad"] = "adagrad"
    lr: Positive = 0.01
    """Step size."""
    lr_decay: NotNegative = 0.0
    """How the learning rate shrinks with the steps."""
    weight_decay: NotNegative = 0.0
    """L2 penalty."""
    eps: Positive = 1e-10
    """Added to the denominator to keep the division finite."""


class ClipNorm(BaseModel):
    """Shrink the gradient when its length over all parameters is above a bound."""

    model_config = STRICT

    norm: Positive
    """The bound."""


class ClipValue(BaseModel):
    """Cut every entry of the gradient to a range."""

    model_config = STRICT

    value: Positive
    """The range is from minus this to this."""


Clip = ClipNorm | ClipValue
Optimizer = Annotated[SGD | Adam | AdamW | NAdam | RAdam | RMSprop | Adagrad, Field(discriminator="type"), ByName]
