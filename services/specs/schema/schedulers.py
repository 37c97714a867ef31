"""How the step size changes from epoch to epoch. What builds them: `services/training/loop/schedulers.py`."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.specs.schema.fields import STRICT, ByName, Fraction, NotNegative, Positive

Factor = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Epochs = Annotated[int, Field(ge=1)]


class StepDecay(BaseModel):
    """Multiply the step size by `gamma` every so many epochs."""

    model_config = STRICT

    type: Literal["step"] = "step"
    step_epochs: Epochs
    """Epochs between two changes."""
    gamma: Factor = 0.1
    """The factor."""


class MultiStep(BaseModel):
    """Multiply the step size by `gamma` after each of some epochs."""

    model_config = STRICT

    type: Literal["multistep"] = "multistep"
    milestones: Annotated[list[Epochs], Field(min_length=1)]
    """The epochs, counted from 1, after which it changes."""
    gamma: Factor = 0.1
    """The factor."""


class Exponential(BaseModel):
    """Multiply the step size by `gamma` after every epoch."""

    model_config = STRICT

    type: Literal["exponential"] = "exponential"
    gamma: Factor = 0.95
    """The factor."""


class Cosine(BaseModel):
    """Half a cosine from the step size down to `min_lr` at the last epoch, after a linear rise."""

    model_config = STRICT

    type: Literal["cosine"] = "cosine"
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs of the rise."""
    min_lr: NotNegative = 0.0
    """Step size at the end."""


class CosineRestarts(BaseModel):
    """Cosines one after the other, each from the full step size down (SGDR)."""

    model_config = STRICT

    type: Literal["cosine_restarts"] = "cosine_restarts"
    t_0: Epochs = 10
    """Epochs of the first."""
    t_mult: Annotated[int, Field(ge=1)] = 1
    """How much longer each is than the one before."""
    min_lr: NotNegative = 0.0
    """Step size at the end of each."""


class Plateau(BaseModel):
    """Multiply the step size by `factor` when the monitored value has not improved for a while."""

    model_config = STRICT

    type: Literal["plateau"] = "plateau"
    factor: Fraction = 0.5
    """The factor."""
    patience: Annotated[int, Field(ge=0)] = 5
    """Epochs without improvement before the change."""
    min_lr: NotNegative = 0.0
    """It never gets smaller than this."""


class OneCycle(BaseModel):
    """Up to `max_lr` and down to almost nothing, step by step over the whole job (super-convergence)."""

    model_config = STRICT

    type: Literal["onecycle"] = "onecycle"
    max_lr: Positive
    """The largest step size."""
    pct_start: Fraction = 0.3
    """Share of the steps on which it rises."""


class LinearWarmup(BaseModel):
    """Rise to the step size over some epochs, then stay."""

    model_config = STRICT

    type: Literal["linear_warmup"] = "linear_warmup"
    epochs: Epochs = 5
    """Epochs of the rise."""


Scheduler = Annotated[
    StepDecay | MultiStep | Exponential | Cosine | CosineRestarts | Plateau | OneCycle | LinearWarmup,
    Field(discriminator="type"),
    ByName,
]
