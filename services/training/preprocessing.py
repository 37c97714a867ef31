"""From cells to inputs and targets and back: fitted on the training rows only, stored with the weights as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from services.specs.columns import Column, TableInfo
from services.specs.features import classes
from services.specs.job import JobSpec


@dataclass(frozen=True)
class Scaling:
    """x becomes (x - shift) * factor."""

    shift: float
    factor: float


@dataclass(frozen=True)
class Input:
    """How one feature column becomes inputs: a scaled number, or one input for each value of a category."""

    name: str
    type: str
    values: list[Any] | None  #: of a category or boolean: a cell is a position in this list
    scaling: Scaling | None

    @property
    def width(self) -> int:
        """How many inputs the column makes."""
        return len(self.values or []) if self.type == "category" else 1


@dataclass(frozen=True)
class Preprocessing:
    """Everything between a table's cells and a net's tensors."""

    task: str
    inputs: list[Input]
    targets: list[str]
    target_scaling: list[Scaling | None]  #: of each target of a regression
    classes: list[Any] | None
    class_cells: list[float] | None  #: the cell in the table that stands for each class

    @classmethod
    def fitted(cls, spec: JobSpec, info: TableInfo, table: np.ndarray, rows: np.ndarray) -> "Preprocessing":
        """Learn the scalings from the training rows of a table."""
        inputs = [
            _input(info.column(name), table[rows, info.names.index(name)], spec.data.scale)
            for name in spec.data.features
        ]
        cells = [table[rows, info.names.index(name)] for name in spec.data.targets]
        if spec.task == "regression":
            scalings = [_scaling(column, spec.data.target_scale) for column in cells]
            return cls(spec.task, inputs, spec.data.targets, scalings, None, None)
        column = info.column(spec.data.targets[0])
        known = classes(column)
        stands = [float((column.values or []).index(value)) if column.coded else float(value) for value in known]
        return cls(spec.task, inputs, spec.data.targets, [], known, stands)

    def features(self, cells: np.ndarray) -> Tensor:
        """Return the net's inputs for feature cells.

        Shapes: cells (rows, features) float32, in the order of `inputs`; returns (rows, inputs) float32.
        """
        parts = []
        for n, column in enumerate(self.inputs):
            if column.type == "category":
                parts.append((cells[:, n : n + 1] == np.arange(column.width)).astype(np.float32))
            else:
                parts.append(_scaled(cells[:, n : n + 1], column.scaling))
        return torch.from_numpy(np.ascontiguousarray(np.hstack(parts), dtype=np.float32))

    def encoded_targets(self, cells: np.ndarray) -> Tensor:
        """Return what the loss compares with.

        Shapes: cells (rows, targets); returns (rows, targets) float32, or (rows, 1) for two classes, (rows,) int64 for
        more.
        """
        if self.class_cells is None:
            scaled = [_scaled(cells[:, n : n + 1], scaling) for n, scaling in enumerate(self.target_scaling)]
            return torch.from_numpy(np.ascontiguousarray(np.hstack(scaled), dtype=np.float32))
        numbers = np.searchsorted(np.asarray(self.class_cells, dtype=np.float32), cells[:, 0])
        if self.task == "binary":
            return torch.from_numpy(numbers.astype(np.float32)[:, None])
        return torch.from_numpy(numbers.astype(np.int64))

    def units(self, scaled: Tensor) -> Tensor:
        """Return scaled targets of a regression, (rows, targets), in original units."""
        columns = []
        for n, scaling in enumerate(self.target_scaling):
            column = scaled[:, n]
            columns.append(column if scaling is None else column / scaling.factor + scaling.shift)
        return torch.stack(columns, 1)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Preprocessing":
        """Return what `as_json` gave."""
        inputs = [Input(i["name"], i["type"], i["values"], _scaling_from(i["scaling"])) for i in found["inputs"]]
        scalings = [_scaling_from(scaling) for scaling in found["target_scaling"]]
        return cls(found["task"], inputs, found["targets"], scalings, found["classes"], found["class_cells"])


def _input(column: Column, cells: np.ndarray, scale: str) -> Input:
    if column.coded:
        return Input(column.name, column.type, column.values, None)
    return Input(column.name, column.type, None, _scaling(cells, scale))


def _scaling(cells: np.ndarray, scale: str) -> Scaling | None:
    """Return the scaling of numbers: mean 0 and deviation 1, or 0 to 1. A constant is only shifted."""
    if scale == "none":
        return None
    numbers = cells.astype(np.float64)
    if scale == "minmax":
        shift, width = float(numbers.min()), float(numbers.max() - numbers.min())
    else:
        shift, width = float(numbers.mean()), float(numbers.std())
    return Scaling(shift, 1.0 / width if width > 0 else 1.0)


def _scaled(cells: np.ndarray, scaling: Scaling | None) -> np.ndarray:
    # Without scaling the cells stay as they are, to the bit.
    if scaling is None:
        return cells
    return ((cells.astype(np.float64) - scaling.shift) * scaling.factor).astype(np.float32)


def _scaling_from(found: dict[str, float] | None) -> Scaling | None:
    return None if found is None else Scaling(**found)
