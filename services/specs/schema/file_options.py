"""How an uploaded file is to be read, where that is not to be found out."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DELIMITER = r"^[\t !#-~]$"  #: one character of ASCII, but for the quote: the reader of CSV takes no other


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Missing = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=100), BeforeValidator(_listed)]


class FileOptions(BaseModel):
    """What a user says of a file; what is left out is detected, and shown in the data set's answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    delimiter: Annotated[str, Field(pattern=DELIMITER)] | None = None
    """The character between two cells of a CSV."""
    decimal: Literal[".", ","] | None = None
    """The character before the decimals of a number."""
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    """The character between the thousands of a number."""
    header: bool | None = None
    """Whether the first row of a CSV names the columns."""
    na_values: Missing | None = None
    """The texts that mean "no value" in a CSV, instead of the usual ones; an empty cell always does."""
    columns: Annotated[dict[str, Literal["number", "category"]], Field(max_length=10_000)] = {}
    """The types of columns, by name. number: also with a percent or currency sign; category: texts as they are."""

    def of_column(self, name: str) -> dict[str, Any] | None:
        """Return what is said of how the cells of a column are written; None if nothing is."""
        said: dict[str, Any] = self.model_dump(include={"decimal", "thousands", "na_values"})
        said["type"] = self.columns.get(name)
        return {key: value for key, value in said.items() if value is not None} or None

    @property
    def is_default(self) -> bool:
        """Whether nothing is said."""
        return self == FileOptions()
