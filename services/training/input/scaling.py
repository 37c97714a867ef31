"""Numbers to inputs of like size and back: fitted on training rows, stored as JSON."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

MAX_QUANTILES = 256
EDGE = 1e-7  #: a rank is kept so far from 0 and 1, where the normal distribution's quantile is infinite
TINY = float(np.finfo(np.float32).tiny)  #: what is divided by less is not finite in float32
IQR = (25.0, 75.0)


@dataclass(frozen=True)
class Linear:
    """x becomes (x - shift) * factor."""

    shift: float
    factor: float


@dataclass(frozen=True)
class Quantile:
    """x becomes the standard normal quantile of its rank among the training values."""

    values: list[float]  #: at evenly spaced ranks, ascending

    def __call__(self, cells: Tensor) -> Tensor:
        """Return the transformed cells.

        Source: Conover and Iman, Rank transformations (1981); ties take the middle of their ranks, as in scikit-learn.
        Shapes: (rows,) to (rows,) float32.
        """
        numbers, known = cells.numpy(), np.asarray(self.values)
        ranks = np.linspace(0.0, 1.0, len(known))
        low = np.interp(numbers, known, ranks)
        high = -np.interp(-numbers, -known[::-1], -ranks[::-1])
        middle = torch.from_numpy(np.clip((low + high) / 2, EDGE, 1 - EDGE))
        return torch.as_tensor(torch.special.ndtri(middle), dtype=torch.float32)


Scaling = Linear | Quantile | None


def fitted(cells: np.ndarray, scale: str) -> Scaling:
    """Return the scaling of numbers, none of them missing. A constant is only shifted.

    Shapes: (rows,).
    """
    if scale == "none":
        return None
    numbers = cells.astype(np.float64)
    if scale == "quantile":
        ranks = np.linspace(0.0, 100.0, min(MAX_QUANTILES, max(2, len(numbers))))
        return Quantile(np.maximum.accumulate(np.percentile(numbers, ranks)).tolist())
    if scale == "minmax":
        shift, width = float(numbers.min()), float(numbers.max() - numbers.min())
    elif scale == "robust":
        low, high = np.percentile(numbers, IQR)
        shift, width = float(np.median(numbers)), float(high - low)
    else:
        shift, width = float(numbers.mean()), float(numbers.std())
    return Linear(shift, 1.0 / width if width > TINY else 1.0)


def from_json(found: dict[str, Any] | None) -> Scaling:
    """Return the scaling that `dataclasses.asdict` gave."""
    if found is None:
        return None
    return Quantile(**found) if "values" in found else Linear(**found)
