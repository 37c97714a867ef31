"""Cells become a net's inputs, by what was learnt from the training rows: a part of the scripts of a bundle."""

import math
from typing import Any

import torch
from torch import Tensor

from services.training.input.scaling import Quantile


def features_of(given: Tensor, columns: list[dict[str, Any]]) -> Tensor:
    """Return the inputs: scaled numbers, booleans and categories, what tells of missing values, positions.

    Shapes: given (rows, features) float32, the cells; returns (rows, inputs) float32.
    """
    if columns[0]["shape"] is not None:
        return given.contiguous()
    numbers = [n for n, column in enumerate(columns) if column["type"] == "number" and column["kept"] is None]
    found = [number_inputs(given[:, numbers], [columns[n] for n in numbers])] if numbers else []
    for n, column in enumerate(columns):
        if n not in numbers and not column["vector"]:
            found.append(coded_inputs(given[:, n : n + 1], column))
    missing = [n for n, column in enumerate(columns) if column["missing"]]
    if missing:
        found.append(torch.isnan(given[:, missing]).float())
    found += [positions(given[:, n : n + 1], column) for n, column in enumerate(columns) if column["vector"]]
    return torch.cat(found, 1)


def number_inputs(cells: Tensor, columns: list[dict[str, Any]]) -> Tensor:
    """Return number columns, (rows, columns), without gaps and scaled."""
    if any(column["fill"] is not None for column in columns):
        cells = torch.where(torch.isnan(cells), torch.tensor([column["fill"] or 0.0 for column in columns]), cells)
    return scaled(cells, [column["scaling"] for column in columns])


def scaled(cells: Tensor, scalings: list[dict[str, Any] | None]) -> Tensor:
    """Return columns, each scaled by its own scaling: (x - shift) * factor, or the normal quantile of its rank."""
    linear = [scaling if scaling and "shift" in scaling else {"shift": 0.0, "factor": 1.0} for scaling in scalings]
    found = cells.clone()
    if any(scaling and "shift" in scaling for scaling in scalings):
        found = (cells - torch.tensor([it["shift"] for it in linear])) * torch.tensor([it["factor"] for it in linear])
    for n, scaling in enumerate(scalings):
        if scaling and "values" in scaling:
            found[:, n] = Quantile(scaling["values"])(cells[:, n])
    return found


def coded_inputs(cells: Tensor, column: dict[str, Any]) -> Tensor:
    """Return the inputs of a category, a boolean or a date: (rows, 1) cells to (rows, inputs)."""
    if column["kept"] is None:
        there = cells if column["fill"] is None else torch.nan_to_num(cells, nan=column["fill"])
        turns = [there.double() * (2 * math.pi / period) for period in column["cycles"]]
        rounds = [point(turn).float() for turn in turns for point in (torch.sin, torch.cos)]
        return torch.cat([scaled(there, [column["scaling"]]), *rounds], 1)
    own = (cells == torch.tensor(column["kept"])).float()
    if not column["other"]:
        return own
    return torch.cat([own, (1 - own.sum(1, keepdim=True)) * (~torch.isnan(cells)).float()], 1)


def positions(cells: Tensor, column: dict[str, Any]) -> Tensor:
    """Return the entries of a category in its table of vectors, (rows, 1): 0 for all that have none of their own."""
    kept = torch.tensor(column["kept"] or [math.nan])
    at = torch.searchsorted(kept, cells.contiguous()).clamp_(max=len(kept) - 1)
    return torch.where(kept[at] == cells, at + 1, 0).float()
