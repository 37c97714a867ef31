"""How rows become batches."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from services.training.input.encoding import Encoding


@dataclass(frozen=True)
class Batching:
    """The size of batches and the order of their rows, which is a function of seed and epoch."""

    size: int
    seed: int = 0
    shuffle: bool = False
    drop_last: bool = False


@dataclass(frozen=True)
class ChosenRows:
    """Some rows of a table and how they become features and targets.

    Shapes: table (rows, columns) float32; chosen (rows,) bool.
    """

    table: np.ndarray
    chosen: np.ndarray
    encode: Encoding
    encoded: tuple[Tensor, Tensor] | None = None  #: what the rows became before, where all of them fit in memory
