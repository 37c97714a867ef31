"""Schedules of the step size with typed arguments."""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import ClassVar

from batchyard.builder import UNSAID, builder


@builder
class StepDecay:
    """Multiply the learning rate by `gamma` every `step_epochs` epochs."""

    type: ClassVar[str] = "step"
    #: Epochs between two changes.
    step_epochs: int
    #: The factor.
    gamma: float = UNSAID


@builder
class MultiStep:
    """Multiply the learning rate by `gamma` after each of the given epochs."""

    type: ClassVar[str] = "multistep"
    #: The epochs, counted from 1, after which it changes.
    milestones: Sequence[int]
    #: The factor.
    gamma: float = UNSAID


@builder
class Exponential:
    """Multiply the learning rate by `gamma` after every epoch."""

    type: ClassVar[str] = "exponential"
    #: The factor.
    gamma: float = UNSAID


@builder
class Cosine:
    """Half a cosine from the learning rate down to `min_lr` at the last epoch, after a linear warm-up."""

    type: ClassVar[str] = "cosine"
    #: Epochs of warm-up.
    warmup_epochs: int = UNSAID
    #: Learning rate at the end.
    min_lr: float = UNSAID


@builder
class CosineRestarts:
    """Cosines one after the other, each starting from the full learning rate (SGDR)."""

    type: ClassVar[str] = "cosine_restarts"
    #: Epochs of the first cosine.
    t_0: int = UNSAID
    #: How many times longer each is than the previous one.
    t_mult: int = UNSAID
    #: Learning rate at the end of each.
    min_lr: float = UNSAID


@builder
class Plateau:
    """Multiply the learning rate by `factor` when the monitored value has not improved for a while."""

    type: ClassVar[str] = "plateau"
    #: The factor.
    factor: float = UNSAID
    #: Epochs without improvement before the change.
    patience: int = UNSAID
    #: Lower bound of the learning rate.
    min_lr: float = UNSAID


@builder
class OneCycle:
    """Up to `max_lr` and down to almost zero, step by step over the whole job (super-convergence)."""

    type: ClassVar[str] = "onecycle"
    #: The largest learning rate.
    max_lr: float
    #: Share of the steps on which it rises.
    pct_start: float = UNSAID


@builder
class LinearWarmup:
    """Rise to the learning rate over some epochs, then stay there."""

    type: ClassVar[str] = "linear_warmup"
    #: Epochs of warm-up.
    epochs: int = UNSAID
