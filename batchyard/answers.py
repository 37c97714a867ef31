"""What comes back, with types: best epochs, events, predictions, tables of epochs."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass(frozen=True)
class Exported:
    """A model that was downloaded in a format of others."""

    path: Path
    difference: float  #: from the stored model, at most
    rows: int  #: on so many rows


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch so far."""

    epoch: int
    metric: str
    value: float
    checkpoint: str | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a job."""

    seq: int
    type: str
    message: str
    level: str = "info"
    created_at: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """An uploaded table."""

    id: str
    name: str
    rows: int
    size_bytes: int
    sha256: str
    data: dict[str, Any] = field(repr=False)  #: the whole answer
    was_sent: bool = False  #: False: the same bytes were there already

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The columns with their types, where the answer has them."""
        return list(self.data.get("columns", []))


@dataclass
class Predicted:
    """Predictions of rows, and with which weights they were made."""

    predictions: list[Any]
    probabilities: list[list[float]] | None
    classes: list[Any] | None
    checkpoint: dict[str, Any]
    warnings: list[str]


def best_of(found: Mapping[str, Any] | None) -> BestEpoch | None:
    """Return the best epoch of an answer; members that we do not know are left out."""
    if not found:
        return None
    return BestEpoch(int(found["epoch"]), str(found["metric"]), float(found["value"]), found.get("checkpoint"))


def event_of(found: Mapping[str, Any]) -> Event:
    """Return an event of an answer."""
    return Event(
        int(found["seq"]),
        str(found["type"]),
        str(found.get("message", "")),
        str(found.get("level", "info")),
        str(found.get("created_at", "")),
        dict(found.get("data") or {}),
    )


def dataset_of(found: Mapping[str, Any], *, was_sent: bool = False) -> Dataset:
    """Return a data set of an answer."""
    return Dataset(
        str(found["id"]),
        str(found["name"]),
        int(found["rows"]),
        int(found["size_bytes"]),
        str(found["sha256"]),
        dict(found),
        was_sent,
    )


def table_by_columns(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    """Return rows as lists by column; texts that stand for what is not finite become floats."""
    return {
        name: [NOT_FINITE.get(row[n], row[n]) if isinstance(row[n], str) else row[n] for row in rows]
        for n, name in enumerate(columns)
    }


def frame(table: dict[str, list[Any]]) -> Any:
    """Return a pandas data frame if the program uses pandas, else lists by column."""
    pandas = sys.modules.get("pandas")
    return table if pandas is None else pandas.DataFrame(table)
