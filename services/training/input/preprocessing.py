"""From cells to inputs and targets and back: fitted on the training rows only, stored with the weights as JSON."""

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from services.columns import TableInfo
from services.specs.resolve.features import classes, options
from services.specs.schema.job import JobSpec
from services.training.input import scaling as scalings
from services.training.input.column_inputs import Input, fitted_input
from services.training.input.scaling import Linear, Quantile, Scaling

MAX_EDGE = np.finfo(np.float32).max / 2
MAX_BINS = 32  #: of the embedding of a number
BIN_ROWS = 100_000  #: so many training rows say where the bins lie
EXP_LOSSES = {"poisson_nll"}  #: their nets answer with a logarithm
MEAN_AND_SPREAD_LOSSES = {"gaussian_nll"}  #: their nets answer with means, then with as many measures of spread


@dataclass(frozen=True)
class Preprocessing:
    """Everything between a table's cells and a net's tensors."""

    task: str
    loss: str
    inputs: list[Input]  #: in the order of the features
    targets: list[str]
    target_scaling: list[Scaling]  #: of each target of a regression
    classes: list[Any] | None
    class_cells: list[float] | None  #: the cell in the table that stands for each class
    temperature: float = 1.0  #: the outputs of a classification are divided by it before they become probabilities

    @classmethod
    def fitted(cls, spec: JobSpec, info: TableInfo, cells: np.ndarray) -> "Preprocessing":
        """Learn the scalings, and what stands for missing values, from training rows.

        Shapes: cells (rows, columns) float32.
        """
        found_inputs = [
            fitted_input(info.column(name), options(spec, name), cells[:, info.names.index(name)], spec.data.scale)
            for name in spec.data.inputs
        ]
        inputs = [replace(found, written=info.column(found.name).written) for found in found_inputs]
        loss = "" if spec.loss == "auto" else spec.loss.type
        targets = spec.data.targets
        if spec.task in {"regression", "multilabel"}:
            scale = spec.data.target_scale if spec.task == "regression" else "none"
            found = [scalings.fitted(cells[:, info.names.index(name)], scale) for name in targets]
            return cls(spec.task, loss, inputs, targets, found, None, None)
        column = info.column(targets[0])
        known = classes(column)
        stands = [float((column.values or []).index(value)) if column.coded else float(value) for value in known]
        return cls(spec.task, loss, inputs, targets, [], known, stands)

    def bins(self, features: Tensor) -> list[Tensor]:
        """Return, for each number, the edges of up to MAX_BINS bins of as many training rows each.

        Shapes: features (rows, width), the numbers first; returns (edges,) each, ascending.
        """
        shares = np.linspace(0.0, 1.0, MAX_BINS + 1)
        found = []
        for n in range(len(self.numbers)):
            found.append(_edges(np.quantile(features[:BIN_ROWS, n].double().numpy(), shares)))
        return found

    @property
    def width(self) -> int:
        """How many inputs all columns make."""
        return sum(column.width for column in self.inputs)

    @property
    def outputs(self) -> int:
        """How many outputs the net has."""
        if self.task == "multiclass":
            return len(self.classes or [])
        if self.task == "binary":
            return 1
        return len(self.targets) * (2 if self.loss in MEAN_AND_SPREAD_LOSSES else 1)

    @cached_property
    def numbers(self) -> list[int]:
        """The positions of the number columns among the features; they are the first inputs."""
        return [n for n, column in enumerate(self.inputs) if column.type == "number" and column.kept is None]

    @property
    def categories(self) -> tuple[tuple[int, int], ...]:
        """The entries and the width of the embedding of each embedded column; their positions are the last inputs."""
        return tuple((len(column.kept or []) + 1, column.vector) for column in self.inputs if column.vector)

    def features(self, cells: np.ndarray) -> Tensor:
        """Return the net's inputs: scaled numbers, then booleans and categories, then what tells of missing values.

        Last come the positions of the categories that are embedded.

        Shapes: cells (rows, features) float32, in the order of `inputs`; returns (rows, width) float32.
        """
        given = torch.from_numpy(np.asarray(cells, dtype=np.float32))
        if self.inputs[0].shape is not None:
            return given.contiguous()
        if self._numbers_alone:
            return self._numbers(given).contiguous()
        found = [self._numbers(given)] if self.numbers else []
        for n, column in enumerate(self.inputs):
            if n not in self._is_number and not column.vector:
                found.append(_coded(given[:, n : n + 1], column))
        if missing := [n for n, column in enumerate(self.inputs) if column.missing]:
            found.append(torch.isnan(given[:, missing]).float())
        found += [_positions(given[:, n : n + 1], column) for n, column in enumerate(self.inputs) if column.vector]
        return found[0].contiguous() if len(found) == 1 else torch.cat(found, 1)

    def encoded_targets(self, cells: np.ndarray) -> Tensor:
        """Return what the loss compares with.

        Shapes: cells (rows, targets); returns (rows, targets) float32, or (rows, 1) for two classes, (rows,) int64 for
        more.
        """
        if self.class_cells is None:
            return _linear(torch.from_numpy(np.asarray(cells, dtype=np.float32)), self.target_scaling).contiguous()
        numbers = np.searchsorted(np.asarray(self.class_cells, dtype=np.float32), cells[:, 0])
        if self.task == "binary":
            return torch.from_numpy(numbers.astype(np.float32)[:, None])
        return torch.from_numpy(numbers.astype(np.int64))

    def units(self, scaled: Tensor) -> Tensor:
        """Return scaled targets of a regression, (rows, targets), in original units."""
        if len(self.target_scaling) == 1 and scaled.shape[1] == 1:  # the same, without taking it apart
            (only,) = self.target_scaling
            return (scaled / only.factor).add_(only.shift) if isinstance(only, Linear) else scaled
        columns = []
        for n, scaling in enumerate(self.target_scaling):
            column = scaled[:, n]
            columns.append(column / scaling.factor + scaling.shift if isinstance(scaling, Linear) else column)
        return torch.stack(columns, 1)

    def values(self, outputs: Tensor) -> Tensor:
        """Return what a regression's net answered, (rows, outputs), in original units: (rows, targets)."""
        if self.loss in MEAN_AND_SPREAD_LOSSES:
            outputs = outputs[:, : len(self.targets)]
        if self.loss in EXP_LOSSES:
            outputs = outputs.exp()
        return self.units(outputs)

    def deviations(self, outputs: Tensor) -> Tensor | None:
        """Return the standard deviations, (rows, targets) in original units, of a net that answers with logarithms of
        variances beside its means; None of any other.
        """
        if self.loss not in MEAN_AND_SPREAD_LOSSES:
            return None
        spread = (outputs[:, len(self.targets) :] / 2).exp()
        factors = [abs(it.factor) if isinstance(it, Linear) else 1.0 for it in self.target_scaling]
        return spread / torch.tensor(factors)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Preprocessing":
        """Return what `as_json` gave."""
        inputs = [Input(**{**column, "scaling": scalings.from_json(column["scaling"])}) for column in found["inputs"]]
        targets = [scalings.from_json(scaling) for scaling in found["target_scaling"]]
        return cls(**{**found, "inputs": inputs, "target_scaling": targets})

    @cached_property
    def takes_any_number(self) -> bool:
        """Whether every column takes every number as it is."""
        return all(column.type == "number" and column.kept is None for column in self.inputs)

    @cached_property
    def ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest cell of each column in training, (features,) each; NaN where it has none."""
        found = [[column.low, column.high] for column in self.inputs]
        low, high = np.array(found, dtype=np.float32).T  # None becomes NaN
        return low, high

    @cached_property
    def _numbers_alone(self) -> bool:
        return self.takes_any_number and not any(column.missing or column.vector for column in self.inputs)

    @cached_property
    def _is_number(self) -> set[int]:
        return set(self.numbers)

    def _numbers(self, given: Tensor) -> Tensor:
        cells = given if len(self.numbers) == len(self.inputs) else given[:, self.numbers]
        # The least number is a NaN if one of them is.
        if self._fill is not None and math.isnan(np.minimum.reduce(cells.numpy(), axis=None, initial=np.inf)):
            cells = torch.where(torch.isnan(cells), self._fill, cells)
        return self._number_scaling(cells)

    # Made once: for one row, making these tensors takes longer than a small net.
    @cached_property
    def _fill(self) -> Tensor | None:
        fills = [self.inputs[n].fill for n in self.numbers]
        if all(fill is None for fill in fills):
            return None
        return torch.tensor([0.0 if fill is None else fill for fill in fills])

    @cached_property
    def _number_scaling(self) -> "_Scalings":
        return _Scalings([self.inputs[n].scaling for n in self.numbers])


def _edges(quantiles: np.ndarray) -> Tensor:
    """Return the bins' edges: at least two, and all so far apart in float32 that a bin can be divided by its width."""
    edges = np.unique(quantiles.astype(np.float32))
    edges = edges[np.diff(edges, prepend=-np.inf) >= np.finfo(np.float32).tiny]
    if len(edges) == 1:  # a constant gets a bin as wide as itself: 1 more would be the same number above 2**24
        width = np.maximum(np.float32(1), np.abs(edges))
        edges = np.concatenate([edges, edges + width] if edges[0] < MAX_EDGE else [edges - width, edges])
    return torch.from_numpy(edges)


def _linear(cells: Tensor, scaled: list[Scaling]) -> Tensor:
    """Return cells, (rows, columns) float32, scaled column by column. Without scaling they stay, to the bit."""
    return _Scalings(scaled)(cells)


class _Scalings:
    """The scalings of several columns as tensors."""

    def __init__(self, scaled: list[Scaling]) -> None:
        linear = [it if isinstance(it, Linear) else Linear(0.0, 1.0) for it in scaled]
        self.is_linear = any(isinstance(it, Linear) for it in scaled)
        self.shift = torch.tensor([it.shift for it in linear])
        self.factor = torch.tensor([it.factor for it in linear])
        self.curved = {n: it for n, it in enumerate(scaled) if isinstance(it, Quantile)}

    def __call__(self, cells: Tensor) -> Tensor:
        """Return cells, (rows, columns) float32, scaled column by column."""
        found = cells.sub(self.shift).mul_(self.factor) if self.is_linear else cells
        if self.curved and found is cells:
            found = cells.clone()
        for n, quantile in self.curved.items():
            found[:, n] = quantile(cells[:, n])
        return found


def _coded(cells: Tensor, column: Input) -> Tensor:
    """Return the inputs of a category or boolean: (rows, 1) cells to (rows, categories) or (rows, 1)."""
    if column.kept is None:
        there = cells if column.fill is None else torch.nan_to_num(cells, nan=column.fill)
        return torch.cat([_linear(there, [column.scaling]), *_rounds(there, column.cycles)], 1)
    own = (cells == torch.tensor(column.kept)).float()
    if not column.other:
        return own
    return torch.cat([own, (1 - own.sum(1, keepdim=True)) * (~torch.isnan(cells)).float()], 1)


def _rounds(cells: Tensor, periods: list[float]) -> list[Tensor]:
    """Return where in each period a day is, as a point on a circle: sine and cosine, (rows, 1) each."""
    turns = [cells.double() * (2 * math.pi / period) for period in periods]
    return [point(turn).float() for turn in turns for point in (torch.sin, torch.cos)]


def _positions(cells: Tensor, column: Input) -> Tensor:
    """Return the entries of an embedded category, (rows, 1): from 1 on; 0 for all that have none of their own."""
    kept = torch.tensor(column.kept or [math.nan])
    at = torch.searchsorted(kept, cells.contiguous()).clamp_(max=len(kept) - 1)
    return torch.where(kept[at] == cells, at + 1, 0).float()
