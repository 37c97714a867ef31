"""Which rows a job trains on, and how they are divided."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.specs.schema.fields import STRICT, ByName, Fraction, Name, Number, Text, Whole
from services.specs.schema.key_groups import exactly_one, rules, together

Scale = Literal["auto", "standard", "minmax", "robust", "quantile", "none"]
TargetScale = Literal["auto", "standard", "minmax", "none"]
Builtin = Literal["iris", "wine", "breast_cancer", "digits", "diabetes"]
Row = Annotated[list[Number], Field(min_length=1)]
# A million wrong cells are reported by the first.
Rows = Annotated[list[Row], Field(min_length=1, fail_fast=True)]
#: Numbers, class labels, or a row of numbers for several targets.
Targets = Annotated[list[bool | Whole | Number | Text | Row], Field(min_length=1, fail_fast=True)]


class Exclude(BaseModel):
    """All columns but these."""

    model_config = STRICT

    exclude: Annotated[list[str], Field(min_length=1)]
    """The columns to leave out."""


class ColumnOptions(BaseModel):
    """How one feature column is read, if not as detected."""

    model_config = STRICT

    type: Literal["auto", "number", "category", "datetime", "tensor"] = "auto"
    """auto: as found when the data came in; numbers of up to 1,000 values may be categories. tensor: the columns
    whose names are this one and a number, in order, are one tensor, and it is the only feature."""
    shape: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=4)] | None = None
    """The tensor's shape: channels, height, width."""
    scale: Scale | None = None
    """How numbers are scaled; null: as `data.scale` says."""
    missing: Literal["auto", "mean", "median", "most_frequent", "constant", "error"] = "auto"
    """What replaces a missing value; auto: the mean, or no category. An extra input says that it was missing."""
    fill: Number | None = None
    """The value for `missing: constant`."""
    encoding: Literal["auto", "one_hot", "embedding"] = "auto"
    """What a category becomes; embedding: a learnt vector for each value, for `mlp` and `tabm`, which choose it by
    themselves from 51 values on; one_hot: an input for each value."""
    max_categories: Literal["auto"] | Annotated[int, Field(ge=1, le=1_000)] = "auto"
    """The commonest so many are told apart, the others are one; auto: 50 of one_hot, and of an embedding all values
    that two training rows have."""
    unseen: Literal["other", "error"] = "other"
    """What a prediction does with a category that did not occur in training."""


class PluginData(BaseModel):
    """A Dataset class that the operator has installed, read item by item."""

    model_config = STRICT

    name: Name
    """The name under which the operator allows it."""
    params: dict[str, Any] = {}
    """Its parameters, as its own documentation says."""


class Data(BaseModel):
    """One source of rows, the columns to learn from and the column to learn."""

    model_config = STRICT | ConfigDict(
        json_schema_extra=rules(
            exactly_one(("dataset",), ("builtin",), ("x", "y"), ("plugin",)),
            together(("x", "y")),
            together(("x_val", "y_val"), needs=("x",)),
            together(("x_test", "y_test"), needs=("x",)),
        )
    )

    dataset: str | None = None
    """Id or name of an uploaded data set."""
    builtin: Builtin | None = None
    """A sample table that comes with the service."""
    plugin: PluginData | None = None
    """A torch Dataset that the operator has installed; its features and targets are taken as they are."""
    x: Rows | None = None
    """Inline features, one list per row."""
    y: Targets | None = None
    """Inline targets, one per row."""
    x_val: Rows | None = None
    """Inline features of the validation rows."""
    y_val: Targets | None = None
    """Inline targets of the validation rows."""
    x_test: Rows | None = None
    """Inline features of the test rows."""
    y_test: Targets | None = None
    """Inline targets of the test rows."""

    target: str | Annotated[list[str], Field(min_length=1)] | None = None
    """The column to predict, or several for multi-output regression."""
    features: Literal["auto"] | Annotated[list[str], Field(min_length=1)] | Exclude = "auto"
    """The columns to learn from; auto: all others except those that only identify the rows."""
    weight: str | None = None
    """The column of the rows' weights in the cost, sum(weight x cost) / sum(weight); it is no feature."""
    columns: dict[str, ColumnOptions] = {}
    """Options of single feature columns, by name."""
    scale: Scale = "auto"
    """How numbers among the features are scaled; auto: by the model, standard or quantile."""
    target_scale: TargetScale = "auto"
    """How regression targets are scaled internally; auto: standard."""

    @property
    def inputs(self) -> list[str]:
        """The feature columns of a resolved spec."""
        return list(self.features) if isinstance(self.features, list) else []

    @property
    def targets(self) -> list[str]:
        """The target columns of a resolved spec, as a list."""
        return [self.target] if isinstance(self.target, str) else list(self.target or [])


#: A share of the rows, or a number of rows.
Part = Fraction | Annotated[int, Field(ge=1)]


class RandomSplit(BaseModel):
    """A random part of the rows is for validation."""

    model_config = STRICT

    type: Literal["random"] = "random"
    validation: Part = 0.2
    """Validation rows: a share, or a number."""
    test: Part | None = None
    """Test rows, for one measurement at the end: a share, or a number."""
    stratify: Literal["auto"] | bool = "auto"
    """Keep the share of every class; auto: if all classes have at least 5 rows."""


class TimeSplit(BaseModel):
    """The oldest rows are for training, newer ones for validation, the newest for testing."""

    model_config = STRICT

    type: Literal["time"] = "time"
    column: str
    """The column that orders the rows; it is not a feature unless `features` names it."""
    validation: Part = 0.2
    """Validation rows: a share, or a number."""
    test: Part | None = None
    """Test rows, for one measurement at the end: a share, or a number."""


class HashSplit(BaseModel):
    """Rows with the same value in a column stay together, even when the data grows."""

    model_config = STRICT

    type: Literal["hash"] = "hash"
    column: str
    """The column whose value decides; it is not a feature unless `features` names it."""
    validation: Fraction = 0.2
    """Share of the values for validation."""
    test: Fraction | None = None
    """Share of the values for the test at the end."""


class ColumnSplit(BaseModel):
    """A column contains `train`, `validation` or `test` for each row."""

    model_config = STRICT

    type: Literal["column"] = "column"
    column: str
    """The name of that column."""


class NoSplit(BaseModel):
    """All rows are for training."""

    model_config = STRICT

    type: Literal["none"] = "none"


Split = Annotated[RandomSplit | TimeSplit | HashSplit | ColumnSplit | NoSplit, Field(discriminator="type"), ByName]

INLINE: tuple[str, ...] = ("x", "y", "x_val", "y_val", "x_test", "y_test")
SOURCES: tuple[str, ...] = ("dataset", "builtin", "x", "plugin")


def inline_rows(data: Data) -> dict[str, Any]:
    """Return what was given inline, by key."""
    return {key: value for key in INLINE if (value := getattr(data, key)) is not None}
