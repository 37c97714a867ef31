"""What a prediction is asked of: rows as lists in the order of the features, as records, or as columns by name."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.specs.schema.fields import STRICT, Number, Text, Whole
from services.specs.schema.key_groups import exactly_one, rules

Cell = bool | Whole | Number | Text | None


class Predict(BaseModel):
    """Rows to predict, in one of three forms."""

    model_config = STRICT | ConfigDict(json_schema_extra=rules(exactly_one(("x",), ("records",), ("columns",))))

    x: Annotated[list[list[Cell | list[Any]]], Field(min_length=1, fail_fast=True)] | None = None
    """One list per row, in the order of the training features; for a plug-in, nested lists in the shape of an item."""
    records: Annotated[list[dict[str, Cell]], Field(min_length=1, fail_fast=True)] | None = None
    """One object per row, by column name; other columns are ignored."""
    columns: (
        Annotated[dict[str, Annotated[list[Cell], Field(min_length=1, fail_fast=True)]], Field(min_length=1)] | None
    ) = None
    """One list per column, by name, all of the same length; other columns are ignored."""

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if [self.x, self.records, self.columns].count(None) != 2:
            raise ValueError("needs exactly one of x, records and columns")
        lengths = {name: len(values) for name, values in (self.columns or {}).items()}
        if self.columns is not None and not lengths:
            raise ValueError("has no column")
        if len(set(lengths.values())) > 1:
            first, *others = lengths
            other = next(name for name in others if lengths[name] != lengths[first])
            raise ValueError(
                f"has {lengths[first]} values in column {first[:80]!r} and {lengths[other]} in {other[:80]!r}"
            )
        return self

    @property
    def rows(self) -> int:
        """How many rows there are."""
        if self.columns is not None:
            return len(next(iter(self.columns.values())))
        return len(self.x if self.x is not None else self.records or [])
