"""Optimizers with typed arguments; what you leave out is left to the server."""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import ClassVar

from batchyard.builder import UNSAID, builder


@builder
class SGD:
    """Stochastic gradient descent, with or without momentum."""

    type: ClassVar[str] = "sgd"
    #: Step size.
    lr: float = UNSAID
    #: Share of the previous step that is added to the next.
    momentum: float = UNSAID
    #: Look ahead along the momentum; needs momentum.
    nesterov: bool = UNSAID
    #: L2 penalty.
    weight_decay: float = UNSAID


@builder
class Adam:
    """Adam: steps scaled by running moments of the gradient."""

    type: ClassVar[str] = "adam"
    #: Step size.
    lr: float = UNSAID
    #: L2 penalty, inside the gradient.
    weight_decay: float = UNSAID
    #: Decay of the running mean and of the running square.
    betas: Sequence[float] = UNSAID
    #: Added to the denominator to keep the division finite.
    eps: float = UNSAID


@builder
class AdamW:
    """Adam with decoupled weight decay; a safe default."""

    type: ClassVar[str] = "adamw"
    #: Step size.
    lr: float = UNSAID
    #: Decoupled decay of the weights.
    weight_decay: float = UNSAID
    #: Decay of the running mean and of the running square.
    betas: Sequence[float] = UNSAID
    #: Added to the denominator to keep the division finite.
    eps: float = UNSAID


@builder
class NAdam:
    """Adam with Nesterov momentum."""

    type: ClassVar[str] = "nadam"
    #: Step size.
    lr: float = UNSAID
    #: L2 penalty, inside the gradient.
    weight_decay: float = UNSAID
    #: Decay of the running mean and of the running square.
    betas: Sequence[float] = UNSAID
    #: Added to the denominator to keep the division finite.
    eps: float = UNSAID
    #: How fast the momentum grows to its full value.
    momentum_decay: float = UNSAID


@builder
class RAdam:
    """Adam that scales only once the running square is reliable."""

    type: ClassVar[str] = "radam"
    #: Step size.
    lr: float = UNSAID
    #: L2 penalty, inside the gradient.
    weight_decay: float = UNSAID
    #: Decay of the running mean and of the running square.
    betas: Sequence[float] = UNSAID
    #: Added to the denominator to keep the division finite.
    eps: float = UNSAID


@builder
class RMSprop:
    """Steps scaled by a running root mean square of the gradient."""

    type: ClassVar[str] = "rmsprop"
    #: Step size.
    lr: float = UNSAID
    #: Decay of the running square.
    alpha: float = UNSAID
    #: Share of the previous step that is added to the next.
    momentum: float = UNSAID
    #: Subtract the running mean before squaring.
    centered: bool = UNSAID
    #: L2 penalty.
    weight_decay: float = UNSAID
    #: Added to the denominator to keep the division finite.
    eps: float = UNSAID


@builder
class Adagrad:
    """Steps scaled by the sum of all squared gradients so far."""

    type: ClassVar[str] = "adagrad"
    #: Step size.
    lr: float = UNSAID
    #: How the learning rate shrinks with the steps.
    lr_decay: float = UNSAID
    #: L2 penalty.
    weight_decay: float = UNSAID
    #: Added to the denominator to keep the division finite.
    eps: float = UNSAID
