"""Numbers and categories as vectors: a number by a line that bends at its quantiles, a category by looking it up."""

from typing import Any

import torch
from torch import Tensor, nn

from services.training.models.inputs import Inputs
from services.training.models.piecewise import PiecewiseLinearEmbeddings

WIDTH = 8  #: values that a number becomes
STD = 0.01  #: of the first vectors of categories, as in fastai
MAX_WIDTH = 1_024  #: of all numbers together; wider tables keep their numbers as they are


def embeds(chosen: str | None, numbers: int) -> bool:
    """Return whether a table's numbers are embedded."""
    return chosen == "piecewise" and 0 < numbers * WIDTH <= MAX_WIDTH


def embedding(inputs: Inputs) -> Any:
    """Return the embedding of the numbers: (batch, numbers) to (batch, numbers, WIDTH).

    Source: Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in Tabular Deep Learning (2022).
    """
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


class EmbeddedCategories(nn.Module):
    """The last inputs, positions of categories, as a learnt vector each; the others before them as they are.

    Position 0 is that of all values without an entry of their own, also of those that training does not have. So that
    its vector is learnt in any case, training takes it for some rows at random: as many as a value has on average.
    Source: Kiperwasser and Goldberg, Simple and Accurate Dependency Parsing (2016), which do so with rare words.
    """

    hidden: Tensor

    def __init__(self, inputs: Inputs, before: int) -> None:
        """`before`: how many values reach it, the positions among them."""
        super().__init__()
        self.plain = before - len(inputs.categories)
        tables = [nn.Embedding(entries, width) for entries, width in inputs.categories]
        for table in tables:
            nn.init.normal_(table.weight, std=STD)
        self.tables = nn.ModuleList(tables)
        shares = torch.tensor([1.0 / entries for entries, _ in inputs.categories])
        self.register_buffer("hidden", shares, persistent=False)
        self.width = self.plain + sum(width for _, width in inputs.categories)

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, width) for features (batch, before)."""
        positions = features[:, self.plain :]
        if self.training:
            positions = positions * (torch.rand_like(positions) >= self.hidden)
        vectors = [table(positions[:, n].long()) for n, table in enumerate(self.tables)]
        return torch.cat([features[:, : self.plain], *vectors], 1)
