"""Schedules of the step size with typed arguments."""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import ClassVar

from batchyard.builder import UNSAID, builder


@builder
class StepDecay:
    """Multiply the step size by `gamma` every so many epochs."""

    type: ClassVar[str] = "step"
    #: Epochs between two changes.
    step_epochs: int
    #: The factor.
    gamma: float = UNSAID


@builder
class MultiStep:
    """Multiply the step size by `gamma` after each of some epochs."""

    type: ClassVar[str] = "multistep"
    #: The epochs, counted from 1, after which it changes.
    milestones: Sequence[int]
    #: The factor.
    gamma: float = UNSAID


@builder
class Exponential:
    """Multiply the step size by `gamma` after every epoch."""

    type: ClassVar[str] = "exponential"
    #: The factor.
    gamma: float = UNSAID


@builder
class Cosine:
    """Half a cosine from the step size down to `min_lr` at the last epoch, after a linear rise."""

    type: ClassVar[str] = "cosine"
    #: Epochs of the rise.
    warmup_epochs: int = UNSAID
    #: Step size at the end.
    min_lr: float = UNSAID


@builder
class CosineRestarts:
    """Cosines one after the other, each from the full step size down (SGDR)."""

    type: ClassVar[str] = "cosine_restarts"
    #: Epochs of the first.
    t_0: int = UNSAID
    #: How much longer each is than the one before.
    t_mult: int = UNSAID
    #: Step size at the end of each.
    min_lr: float = UNSAID


@builder
class Plateau:
    """Multiply the step size by `factor` when the monitored value has not improved for a while."""

    type: ClassVar[str] = "plateau"
    #: The factor.
    factor: float = UNSAID
    #: Epochs without improvement before the change.
    patience: int = UNSAID
    #: It never gets smaller than this.
    min_lr: float = UNSAID


@builder
class OneCycle:
    """Up to `max_lr` and down to almost nothing, step by step over the whole job (super-convergence)."""

    type: ClassVar[str] = "onecycle"
    #: The largest step size.
    max_lr: float
    #: Share of the steps on which it rises.
    pct_start: float = UNSAID


@builder
class LinearWarmup:
    """Rise to the step size over some epochs, then stay."""

    type: ClassVar[str] = "linear_warmup"
    #: Epochs of the rise.
    epochs: int = UNSAID
