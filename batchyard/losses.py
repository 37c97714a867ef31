"""Losses with typed arguments; what you leave out is left to the server."""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import Any, ClassVar

from batchyard.builder import UNSAID, builder


@builder
class MSE:
    """Mean of the squared differences."""

    type: ClassVar[str] = "mse"


@builder
class L1:
    """Mean of the absolute differences."""

    type: ClassVar[str] = "l1"


@builder
class Huber:
    """Squared differences up to `delta`, absolute ones beyond."""

    type: ClassVar[str] = "huber"
    #: Where squared changes to absolute, in units of the scaled target.
    delta: float = UNSAID


@builder
class SmoothL1:
    """Squared differences up to `beta`, absolute ones beyond; Huber's divided by `beta`."""

    type: ClassVar[str] = "smooth_l1"
    #: Where squared changes to absolute, in units of the scaled target.
    beta: float = UNSAID


@builder
class PoissonNLL:
    """Negative log-likelihood of counts: the model returns the logarithm of the expected count."""

    type: ClassVar[str] = "poisson_nll"


@builder
class GaussianNLL:
    """Negative log-likelihood of a normal distribution: the model returns a mean and a variance for every target."""

    type: ClassVar[str] = "gaussian_nll"


@builder
class CrossEntropy:
    """Negative log-probability of the right class."""

    type: ClassVar[str] = "cross_entropy"
    #: Share of the target that is spread over all classes.
    label_smoothing: float = UNSAID
    #: Weight of each class, in the order of `classes`; balanced: rows / (classes x rows of the class). Costs are
    #: sum(weight x cost) / sum(weight), in training as in validation.
    class_weight: str | Sequence[Any] | None = UNSAID


@builder
class BCEWithLogits:
    """Cross entropy of two classes from one logit."""

    type: ClassVar[str] = "bce_with_logits"
    #: Weight of the positive class; balanced: negative rows / positive rows.
    pos_weight: str | float | None = UNSAID
