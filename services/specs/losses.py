"""The losses that a spec can ask for. What builds them: `services/training/losses.py`."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.specs.fields import STRICT, ByName, Positive


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
    """Where squared turns into absolute, in units of the scaled target."""


class CrossEntropy(BaseModel):
    """Minus the log-probability of the right class."""

    model_config = STRICT

    type: Literal["cross_entropy"] = "cross_entropy"


class BCEWithLogits(BaseModel):
    """Cross entropy of two classes from one logit."""

    model_config = STRICT

    type: Literal["bce_with_logits"] = "bce_with_logits"


Loss = Annotated[MSE | L1 | Huber | CrossEntropy | BCEWithLogits, Field(discriminator="type"), ByName]

#: The task that each loss decides.
TASKS = {
    "mse": "regression",
    "l1": "regression",
    "huber": "regression",
    "cross_entropy": "multiclass",
    "bce_with_logits": "binary",
}
#: The loss of each task when none is named.
LOSS_OF = {"regression": MSE, "binary": BCEWithLogits, "multiclass": CrossEntropy}
