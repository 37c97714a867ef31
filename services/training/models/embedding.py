"""Numbers as vectors: each by a line that bends at quantiles of its training values."""

from typing import Any

import torch
from torch import Tensor, nn

from services.training.models.inputs import Inputs

WIDTH = 8  #: values that a number becomes
MAX_WIDTH = 1_024  #: of all numbers together; wider tables keep their numbers as they are


def embeds(chosen: str | None, numbers: int) -> bool:
    """Return whether a table's numbers are embedded."""
    return chosen == "piecewise" and 0 < numbers * WIDTH <= MAX_WIDTH


def embedding(inputs: Inputs) -> Any:
    """Return the embedding of the numbers: (batch, numbers) to (batch, numbers, WIDTH).

    Source: Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in Tabular Deep Learning (2022).
    """
    # Imported here: it looks for scikit-learn, which takes a second where it is installed.
    from rtdl_num_embeddings import PiecewiseLinearEmbeddings

    return PiecewiseLinearEmbeddings(inputs.bins or [], WIDTH, activation=False, version="B")


class EmbeddedNumbers(nn.Module):
    """The first inputs as vectors, flattened, the others behind them as they are."""

    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.numbers = inputs.numbers
        self.embedding = embedding(inputs)
        self.width = inputs.numbers * WIDTH + inputs.width - inputs.numbers

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, width) for features (batch, inputs)."""
        vectors = self.embedding(features[:, : self.numbers]).flatten(1)
        return torch.cat([vectors, features[:, self.numbers :]], 1)
