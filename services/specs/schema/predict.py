"""What a prediction is asked of: rows as lists in the order of the features, or as records by column name."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from services.specs.schema.fields import STRICT, Number, Text, Whole

Cell = bool | Whole | Number | Text | None


class Predict(BaseModel):
    """Rows to predict, one way or the other."""

    model_config = STRICT

    x: Annotated[list[list[Cell | list[Any]]], Field(min_length=1, fail_fast=True)] | None = None
    """A list a row, in the order of the training features; of a plug-in's items lists in lists, in their shape."""
    records: Annotated[list[dict[str, Cell]], Field(min_length=1, fail_fast=True)] | None = None
    """An object a row, by column name; further columns are left out."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.x is None) == (self.records is None):
            raise ValueError("needs x or records, one of the two")
        return self
