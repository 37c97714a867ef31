"""Kinds of fields that the parts of a spec share."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

#: Every part of a spec: unknown keys are refused, `true` is no number, and a checked part never changes.
STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]  #: 0 included, 1 not
Fraction = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]  #: neither 0 nor 1
Number = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Text = Annotated[str, StringConstraints(max_length=1_000)]
NAME = r"^[A-Za-z0-9._-]{1,64}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]


def _named(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


#: `"sgd"` is short for `{"type": "sgd"}`.
ByName = BeforeValidator(_named)
