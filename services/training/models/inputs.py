"""What a net must know of the features that it gets."""

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Inputs:
    """The features of one example, and what they are for."""

    shape: tuple[int, ...]  #: (13,) of a table, (1, 28, 28) of a column of tensors
    task: str  #: regression, binary, multiclass or multilabel
    numbers: int = 0  #: so many of a table's inputs, the first, are scaled number columns
    bins: list[Tensor] | None = None  #: ascending edges for each number, (edges,); None: numbers are not embedded
    #: The last of a table's inputs are positions of categories: the entries and the width of the embedding of each.
    categories: tuple[tuple[int, int], ...] = ()
    loss: str = ""  #: its name: what several answers together come to depends on it

    @property
    def width(self) -> int:
        """How many values the features of an example are."""
        return math.prod(self.shape)
