"""The losses that a spec can ask for. What builds them: `services/training/losses.py`."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.specs.schema.fields import STRICT, ByName, Positive, Share


class MSE(BaseModel):
    """Mean of the squared differences."""

    model_config = STRICT

    type: Literal["mse"] = "mse"


class L1(BaseModel):
    """Mean of the absolute differences."""

    model_config = STRICT

    type: Literal["l1"] = "l1"


class Huber(BaseModel):
    """Squared differences up to `delta`, absolute ones beyond."""

    model_config = STRICT

    type: Literal["huber"] = "huber"
    delta: Positive = 1.0
    """Where squared changes to absolute, in units of the scaled target."""


class SmoothL1(BaseModel):
    """Squared differences up to `beta`, absolute ones beyond; Huber's divided by `beta`."""

    model_config = STRICT

    type: Literal["smooth_l1"] = "smooth_l1"
    beta: Positive = 1.0
    """Where squared changes to absolute, in units of the scaled target."""


class PoissonNLL(BaseModel):
    """Negative log-likelihood of counts: the model returns the logarithm of the expected count."""

    model_config = STRICT

    type: Literal["poisson_nll"] = "poisson_nll"


class GaussianNLL(BaseModel):
    """Negative log-likelihood of a normal distribution: the model returns a mean and a variance for every target."""

    model_config = STRICT

    type: Literal["gaussian_nll"] = "gaussian_nll"


class CrossEntropy(BaseModel):
    """Negative log-probability of the right class."""

    model_config = STRICT

    type: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Share = 0.0
    """Share of the target that is spread over all classes."""
    class_weight: Literal["balanced"] | Annotated[list[Positive], Field(min_length=2)] | None = None
    """Weight of each class, in the order of `classes`; balanced: rows / (classes x rows of the class). Costs are
    sum(weight x cost) / sum(weight), in training as in validation."""


class BCEWithLogits(BaseModel):
    """Cross entropy of two classes from one logit."""

    model_config = STRICT

    type: Literal["bce_with_logits"] = "bce_with_logits"
    pos_weight: Literal["balanced"] | Positive | None = None
    """Weight of the positive class; balanced: negative rows / positive rows."""


Loss = Annotated[
    MSE | L1 | Huber | SmoothL1 | PoissonNLL | GaussianNLL | CrossEntropy | BCEWithLogits,
    Field(discriminator="type"),
    ByName,
]

#: The tasks that each loss serves; a named loss decides for the first.
TASKS: dict[str, tuple[str, ...]] = {
    "mse": ("regression",),
    "l1": ("regression",),
    "huber": ("regression",),
    "smooth_l1": ("regression",),
    "poisson_nll": ("regression",),
    "gaussian_nll": ("regression",),
    "cross_entropy": ("multiclass",),
    "bce_with_logits": ("binary", "multilabel"),
}
#: The loss of each task when none is named.
LOSS_OF = {"regression": MSE, "binary": BCEWithLogits, "multiclass": CrossEntropy, "multilabel": BCEWithLogits}
