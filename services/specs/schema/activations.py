"""The activations that a net of one's own is made of: layers that change each value by itself."""

from typing import Literal

from pydantic import BaseModel

from services.specs.schema.fields import STRICT, NotNegative


class ReLU(BaseModel):
    """max(0, x)."""

    model_config = STRICT

    type: Literal["relu"] = "relu"


class GELU(BaseModel):
    """x times the standard normal distribution function of x."""

    model_config = STRICT

    type: Literal["gelu"] = "gelu"


class SiLU(BaseModel):
    """x times the sigmoid of x."""

    model_config = STRICT

    type: Literal["silu"] = "silu"


class Tanh(BaseModel):
    """The hyperbolic tangent: between -1 and 1."""

    model_config = STRICT

    type: Literal["tanh"] = "tanh"


class Sigmoid(BaseModel):
    """1 / (1 + exp(-x)): between 0 and 1."""

    model_config = STRICT

    type: Literal["sigmoid"] = "sigmoid"


class LeakyReLU(BaseModel):
    """x where it is positive, a small fraction of it elsewhere."""

    model_config = STRICT

    type: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: NotNegative = 0.01
    """The fraction that is left of negative values."""


class ELU(BaseModel):
    """x where it is positive, exp(x) - 1 elsewhere."""

    model_config = STRICT

    type: Literal["elu"] = "elu"


class Softplus(BaseModel):
    """ln(1 + exp(x)): a smooth max(0, x)."""

    model_config = STRICT

    type: Literal["softplus"] = "softplus"
