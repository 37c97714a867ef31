"""A model with its preprocessing inside, in calls that exporters understand: cells in, answers in original units."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from services.training.input.column_inputs import Input
from services.training.input.preprocessing import EXP_LOSSES, MEAN_AND_SPREAD_LOSSES, Preprocessing
from services.training.input.scaling import EDGE, Linear, Quantile
from services.training.predictor import Predictor

# Source: P. J. Acklam, An algorithm for computing the inverse normal cumulative distribution function (2003); the
# relative error is below 1.2e-9, and an exporter knows all that it is made of.
MIDDLE = (
    (
        *(-3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02),
        *(1.383577518672690e02, -3.066479806614716e01, 2.506628277459239e00),
    ),
    (
        *(-5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02),
        *(6.680131188771972e01, -1.328068155288572e01, 1.0),
    ),
)
TAIL = (
    (
        *(-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e00),
        *(-2.549732539343734e00, 4.374664141464968e00, 2.938163982698783e00),
    ),
    (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00, 3.754408661415987e00, 1.0),
)
TAIL_BELOW = 0.02425


class WholeModel(nn.Module):
    """Cells of rows, (batch, columns) float32 with NaN for no value, to what is predicted for them.

    A cell is a number, a date's days, or the position of a category or boolean among its values. Returns for a
    regression (batch, targets) float32 values, with a gaussian loss also their deviations; for classes the position of
    the most probable, (batch,) int64, and (batch, classes) float32 probabilities; for labels (batch, labels) bool, and
    their probabilities.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.net = predictor.model
        self.shape = predictor.shape
        self.about = predictor.preprocessing
        self.inputs = Inputs(predictor.preprocessing)

    def forward(self, cells: Tensor) -> tuple[Tensor, ...]:
        """Return the answers, what is predicted first."""
        outputs = self.net(self.inputs(cells).reshape(-1, *self.shape))
        task = self.about.task
        if task == "regression":
            return self._numbers(outputs)
        outputs = outputs / self.about.temperature
        if task == "multilabel":
            found = torch.sigmoid(outputs)
            return found > 0.5, found
        if task == "binary":
            second = torch.sigmoid(outputs[:, :1])
            found = torch.cat([1 - second, second], 1)
        else:
            found = torch.softmax(outputs, 1)
        return found.argmax(1), found

    def _numbers(self, outputs: Tensor) -> tuple[Tensor, ...]:
        targets = len(self.about.targets)
        linear = [it if isinstance(it, Linear) else Linear(0.0, 1.0) for it in self.about.target_scaling]
        values = outputs[:, :targets]
        if self.about.loss in EXP_LOSSES:
            values = values.exp()
        values = torch.cat([values[:, n : n + 1] / it.factor + it.shift for n, it in enumerate(linear)], 1)
        if self.about.loss not in MEAN_AND_SPREAD_LOSSES:
            return (values,)
        spread = (outputs[:, targets:] / 2).exp()
        return values, torch.cat([spread[:, n : n + 1] / abs(it.factor) for n, it in enumerate(linear)], 1)


class Inputs(nn.Module):
    """Cells to a net's inputs, as `Preprocessing.features` makes them."""

    fill: Tensor
    shift: Tensor
    factor: Tensor

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.columns = preprocessing.inputs
        self.numbers = preprocessing.numbers
        columns = [self.columns[n] for n in self.numbers]
        linear = [it.scaling if isinstance(it.scaling, Linear) else Linear(0.0, 1.0) for it in columns]
        self.register_buffer("fill", torch.tensor([math.nan if it.fill is None else it.fill for it in columns]))
        self.register_buffer("shift", torch.tensor([it.shift for it in linear]))
        self.register_buffer("factor", torch.tensor([it.factor for it in linear]))
        self.curved = nn.ModuleDict(
            {str(n): Ranks(it.scaling) for n, it in enumerate(columns) if isinstance(it.scaling, Quantile)}
        )
        self.missing = [n for n, it in enumerate(self.columns) if it.missing]

    def forward(self, cells: Tensor) -> Tensor:
        """Return (batch, inputs)."""
        if self.columns[0].shape is not None:
            return cells
        found = [self._numbers(cells)] if self.numbers else []
        for n, column in enumerate(self.columns):
            if n not in self.numbers and not column.vector:
                found.append(_coded(cells[:, n : n + 1], column))
        if self.missing:
            found.append(torch.isnan(_chosen(cells, self.missing)).float())
        found += [_position(cells[:, n : n + 1], it) for n, it in enumerate(self.columns) if it.vector]
        return torch.cat(found, 1)

    def _numbers(self, cells: Tensor) -> Tensor:
        given = _chosen(cells, self.numbers)
        given = torch.where(torch.isnan(given), self.fill, given)
        scaled = (given - self.shift) * self.factor
        if not self.curved:
            return scaled
        return torch.cat(
            [
                self.curved[str(n)](given[:, n : n + 1]) if str(n) in self.curved else scaled[:, n : n + 1]
                for n in range(len(self.numbers))
            ],
            1,
        )


class Ranks(nn.Module):
    """The standard normal quantile of a number's rank among the training values, as `Quantile` has it."""

    known: Tensor
    bounds: Tensor

    def __init__(self, scaling: Quantile) -> None:
        super().__init__()
        self.register_buffer("known", torch.tensor(scaling.values, dtype=torch.float64))
        # Tensors: an exporter may round a number to float32, and 1 - EDGE is none.
        self.register_buffer("bounds", torch.tensor([EDGE, 1 - EDGE], dtype=torch.float64))
        self.last = len(scaling.values) - 1

    def forward(self, cells: Tensor) -> Tensor:
        """Return (batch, 1) float32. Ties take the middle of their ranks."""
        numbers = cells.double()
        up_to = (self.known <= numbers).sum(1, keepdim=True)  # (batch, 1)
        below = (self.known < numbers).sum(1, keepdim=True)
        at = (up_to - 1).clamp(0, self.last)
        after = (at + 1).clamp(0, self.last)
        low, high = self.known[at], self.known[after]
        width = torch.where(high > low, high - low, 1.0)
        between = at + ((numbers - low) / width).clamp(0.0, 1.0)
        rank = torch.where(up_to > below, (at + below) / 2, between) / self.last
        inside = torch.minimum(torch.maximum(rank, self.bounds[0]), self.bounds[1])
        return normal_quantile(inside).float()


def normal_quantile(shares: Tensor) -> Tensor:
    """Return the quantiles of the standard normal distribution. Shapes: any, float64 between 0 and 1."""
    centred = shares - 0.5
    middle = centred * _ratio(MIDDLE, centred * centred)
    tail = torch.sqrt(-2 * torch.log(torch.minimum(shares, 1 - shares)))
    outside = _ratio(TAIL, tail) * torch.where(centred < 0, 1.0, -1.0)
    return torch.where(torch.minimum(shares, 1 - shares) < TAIL_BELOW, outside, middle)


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], at: Tensor) -> Tensor:
    above, below = (_polynomial(some, at) for some in coefficients)
    return above / below


def _polynomial(coefficients: tuple[float, ...], at: Tensor) -> Tensor:
    found = torch.full_like(at, coefficients[0])
    for coefficient in coefficients[1:]:
        found = found * at + coefficient
    return found


def _chosen(cells: Tensor, places: list[int]) -> Tensor:
    """Return some columns; without a gather where they stand side by side."""
    first, last = places[0], places[-1]
    if places == list(range(first, last + 1)):
        return cells[:, first : last + 1]
    return torch.cat([cells[:, n : n + 1] for n in places], 1)


def _coded(cells: Tensor, column: Input) -> Tensor:
    if column.kept is None:
        there = cells if column.fill is None else torch.where(torch.isnan(cells), column.fill, cells)
        turns: list[Any] = [there.double() * (2 * math.pi / period) for period in column.cycles]
        rounds = [point(turn).float() for turn in turns for point in (torch.sin, torch.cos)]
        scaling = column.scaling
        linear = scaling if isinstance(scaling, Linear) else Linear(0.0, 1.0)
        scaled = Ranks(scaling)(there) if isinstance(scaling, Quantile) else (there - linear.shift) * linear.factor
        return torch.cat([scaled, *rounds], 1)
    own = (cells == torch.tensor(column.kept)).float()
    if not column.other:
        return own
    return torch.cat([own, (1 - own.sum(1, keepdim=True)) * (~torch.isnan(cells)).float()], 1)


def _position(cells: Tensor, column: Input) -> Tensor:
    """Return a category's place among those that have a vector, from 1 on; 0 for all others."""
    kept = torch.tensor(column.kept or [math.nan])
    places = torch.arange(1, len(kept) + 1, dtype=torch.float32)
    return ((cells == kept).float() * places).sum(1, keepdim=True)
