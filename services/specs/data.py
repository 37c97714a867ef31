"""Which rows a job trains on, and how they are divided."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.specs.fields import STRICT, ByName, Fraction, Number, Text, Whole

Scale = Literal["auto", "standard", "minmax", "none"]
Builtin = Literal["iris", "wine", "breast_cancer", "digits", "diabetes"]
Row = Annotated[list[Number], Field(min_length=1)]
# A million wrong cells are told by their first.
Rows = Annotated[list[Row], Field(min_length=1, fail_fast=True)]
#: Numbers, class labels, or a row of numbers for several targets.
Targets = Annotated[list[bool | Whole | Number | Text | Row], Field(min_length=1, fail_fast=True)]


class Data(BaseModel):
    """One source of rows, the columns to learn from and the column to learn."""

    model_config = STRICT

    dataset: str | None = None
    """Id or name of an uploaded data set."""
    builtin: Builtin | None = None
    """A sample table that comes with the service."""
    x: Rows | None = None
    """Inline features, a list a row."""
    y: Targets | None = None
    """Inline targets, one a row."""
    x_val: Rows | None = None
    """Inline features of the validation rows."""
    y_val: Targets | None = None
    """Inline targets of the validation rows."""

    target: str | Annotated[list[str], Field(min_length=1)] | None = None
    """The column to learn, or several for multi-output regression."""
    features: Literal["auto"] | Annotated[list[str], Field(min_length=1)] = "auto"
    """The columns to learn from; auto: all others."""
    scale: Scale = "auto"
    """How numbers among the features are scaled; auto: standard."""
    target_scale: Scale = "auto"
    """How regression targets are scaled inside; auto: standard."""

    @property
    def targets(self) -> list[str]:
        """The target columns of a resolved spec, as a list."""
        return [self.target] if isinstance(self.target, str) else list(self.target or [])


class RandomSplit(BaseModel):
    """A random part of the rows validates."""

    model_config = STRICT

    type: Literal["random"] = "random"
    validation: Fraction = 0.2
    """Share of the rows that validate."""
    stratify: Literal["auto"] | bool = "auto"
    """The same share of every class; auto: for classes that all have 5 rows."""


class ColumnSplit(BaseModel):
    """A column says `train` or `validation` for each row."""

    model_config = STRICT

    type: Literal["column"] = "column"
    column: str
    """The column that says it."""


class NoSplit(BaseModel):
    """Every row trains, none validates."""

    model_config = STRICT

    type: Literal["none"] = "none"


Split = Annotated[RandomSplit | ColumnSplit | NoSplit, Field(discriminator="type"), ByName]

INLINE: tuple[str, ...] = ("x", "y", "x_val", "y_val")
SOURCES: tuple[str, ...] = ("dataset", "builtin", "x")


def inline_rows(data: Data) -> dict[str, Any]:
    """Return what was given inline, by key."""
    return {key: value for key in INLINE if (value := getattr(data, key)) is not None}
