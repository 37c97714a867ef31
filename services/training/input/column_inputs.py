"""How one feature column becomes inputs: learnt from training rows, stored with the weights."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.columns import Column
from services.dates import cycles
from services.specs.resolve.categories import MIN_ROWS, vector_width
from services.specs.resolve.features import is_category, kept_categories
from services.specs.schema.data import ColumnOptions
from services.training.input import scaling as scalings
from services.training.input.scaling import Scaling


@dataclass(frozen=True)
class Input:
    """How one feature column becomes inputs: a scaled number, or a category one-hot or its position."""

    name: str
    type: str
    values: list[Any] | None  #: of a category or boolean: a cell is a position in this list
    scaling: Scaling = None
    fill: float | None = None  #: what stands for a missing value; None: a prediction refuses one
    missing: bool = False  #: whether an input of its own tells that the value was missing
    kept: list[float] | None = None  #: the cells of the categories that have an input of their own
    other: bool = False  #: whether all other categories share one
    vector: int | None = None  #: how long the vector is that a net looks up for each category; None: there is none
    unseen: str = "other"  #: what a prediction does with a category that is not among `values`
    shape: list[int] | None = None  #: of the features of a plug-in's items, which this input is all of
    origin: float | None = None  #: of a date-time: the day that its cells are counted from, counted from 1970
    low: float | None = None  #: of a number or date-time: the least and the greatest cell in training
    high: float | None = None
    written: dict[str, Any] | None = None  #: how its cells are written in the file, as far as its user said so
    cycles: list[float] = field(default_factory=list)  #: of a date-time: the periods, in days, that it goes through

    @property
    def width(self) -> int:
        """How many inputs the column makes."""
        own = 1 if self.kept is None or self.vector else len(self.kept) + int(self.other)
        return own + 2 * len(self.cycles) + int(self.missing)


def fitted_input(column: Column, chosen: ColumnOptions, cells: np.ndarray, scale: str) -> Input:
    """Learn from training rows how a column becomes inputs. Shapes: cells (rows,) float32."""
    missing = column.missing > 0
    if chosen.encoding == "embedding":
        return Input(
            column.name,
            column.type,
            column.values,
            missing=missing,
            kept=_commonest(cells, chosen),
            vector=vector_width(column, chosen),
            unseen=chosen.unseen,
        )
    if is_category(column, chosen):
        kept = kept_categories(column, chosen)
        known = column.values or []
        stands = [float(n) if column.coded else float(known[n]) for n in kept]
        fewer = len(kept) < len(known)
        return Input(
            column.name, column.type, column.values, missing=missing, kept=stands, other=fewer, unseen=chosen.unseen
        )
    there = cells[~np.isnan(cells)]
    fill = None if chosen.missing == "error" else _fill(there, chosen)
    if column.type == "boolean":
        return Input(column.name, column.type, column.values, fill=fill, missing=missing)
    whole = np.where(np.isnan(cells), np.float32(fill), cells) if missing and fill is not None else there
    own = scale if chosen.scale in {None, "auto"} else chosen.scale
    scaling = scalings.fitted(whole, str(own)) if len(whole) else None
    return Input(
        column.name,
        column.type,
        None,
        scaling,
        fill=fill,
        missing=missing,
        origin=column.origin,
        low=float(there.min()) if len(there) else None,
        high=float(there.max()) if len(there) else None,
        cycles=cycles(column),
    )


def _commonest(cells: np.ndarray, chosen: ColumnOptions) -> list[float]:
    """Return the cells, ascending, of the categories that get an entry of their own: by training rows alone."""
    values, counts = np.unique(cells[~np.isnan(cells)], return_counts=True)
    values, counts = values[counts >= MIN_ROWS], counts[counts >= MIN_ROWS]
    most = len(values) if chosen.max_categories == "auto" else chosen.max_categories
    return [float(value) for value in np.sort(values[np.argsort(-counts, kind="stable")[:most]])]


def _fill(there: np.ndarray, chosen: ColumnOptions) -> float:
    """Return what stands for missing numbers, by those that are there."""
    if chosen.missing == "constant":
        return float(chosen.fill or 0.0)
    if not len(there):
        return 0.0
    if chosen.missing == "median":
        return float(np.median(there))
    if chosen.missing == "most_frequent":
        values, counts = np.unique(there, return_counts=True)
        return float(values[counts.argmax()])
    return float(there.astype(np.float64).mean())
