"""How the step size changes from epoch to epoch. What builds them: `services/training/loop/schedulers.py`."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.specs.schema.fields import STRICT, ByName, Fraction, NotNegative, Positive

Factor = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Epochs = Annotated[int, Field(ge=1)]


class StepDecay(BaseModel):
    """Multiply the learning rate by `gamma` every `step_epochs` epochs."""

    model_config = STRICT

    type: Literal["step"] = "step"
    step_epochs: Epochs
    """Epochs between two changes."""
    gamma: Factor = 0.1
    """The factor."""


class MultiStep(BaseModel):
    """Multiply the learning rate by `gamma` after each of the given epochs."""

    model_config = STRICT

    type: Literal["multistep"] = "multistep"
    milestones: Annotated[list[Epochs], Field(min_length=1)]
    """The epochs, counted from 1, after which it changes."""
    gamma: Factor = 0.1
    """The factor."""


class Exponential(BaseModel):
    """Multiply the learning rate by `gamma` after every epoch."""

    model_config = STRICT

    type: Literal["exponential"] = "exponential"
    gamma: Factor = 0.95
    """The factor."""


class Cosine(BaseModel):
    """Half a cosine from the learning rate down to `min_lr` at the last epoch, after a linear warm-up."""

    model_config = STRICT

    type: Literal["cosine"] = "cosine"
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs of warm-up."""
    min_lr: NotNegative = 0.0
    """Learning rate at the end."""


class CosineRestarts(BaseModel):
    """Cosines one after the other, each starting from the full learning rate (SGDR)."""

    model_config = STRICT

    type: Literal["cosine_restarts"] = "cosine_restarts"
    t_0: Epochs = 10
    """Epochs of the first cosine."""
    t_mult: Annotated[int, Field(ge=1)] = 1
    """How many times longer each is than the previous one."""
    min_lr: NotNegative = 0.0
    """Learning rate at the end of each."""


class Plateau(BaseModel):
    """Multiply the learning rate by `factor` when the monitored value has not improved for a while."""

    model_config = STRICT

    type: Literal["plateau"] = "plateau"
    factor: Fraction = 0.5
    """The factor."""
    patience: Annotated[int, Field(ge=0)] = 5
    """Epochs without improvement before the change."""
    min_lr: NotNegative = 0.0
    """Lower bound of the learning rate."""


class OneCycle(BaseModel):
    """Up to `max_lr` and down to almost zero, step by step over the whole job (super-convergence)."""

    model_config = STRICT

    type: Literal["onecycle"] = "onecycle"
    max_lr: Positive
    """The largest learning rate."""
    pct_start: Fraction = 0.3
    """Share of the steps on which it rises."""


class LinearWarmup(BaseModel):
    """Rise to the learning rate over some epochs, then stay there."""

    model_config = STRICT

    type: Literal["linear_warmup"] = "linear_warmup"
    epochs: Epochs = 5
    """Epochs of warm-up."""


Scheduler = Annotated[
    StepDecay | MultiStep | Exponential | Cosine | CosineRestarts | Plateau | OneCycle | LinearWarmup,
    Field(discriminator="type"),
    ByName,
]
