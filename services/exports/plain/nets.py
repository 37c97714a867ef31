"""The nets that PyTorch has no modules for, in plain PyTorch: a part of the scripts of a bundle.

Each draws the same first weights and computes the same bits as what the service trains.
"""

import torch
from torch import Tensor, nn


class PiecewiseLinear(nn.Module):
    """How far a number is through each bin: 1 below it, the share inside, 0 above; the last bin stands last."""

    weight: Tensor
    bias: Tensor
    single_bin_mask: Tensor | None

    def __init__(self, bins: list[Tensor]) -> None:
        super().__init__()
        counts = torch.tensor([len(edges) - 1 for edges in bins])
        most = int(counts.max())
        self.register_buffer("weight", torch.zeros(len(bins), most))
        self.register_buffer("bias", torch.zeros(len(bins), most))
        self.register_buffer("single_bin_mask", counts.eq(1) if (counts == 1).any() else None)
        before_last = torch.arange(most - 1) < counts[:, None] - 1
        mask = torch.cat([before_last, torch.ones(len(bins), 1, dtype=torch.bool)], 1)
        self.register_buffer("mask", None if (counts == most).all() else mask)
        for n, edges in enumerate(bins):
            weight, bias = 1.0 / edges.diff(), -edges[:-1] / edges.diff()
            places = [*range(len(edges) - 2), most - 1]
            self.weight[n, places], self.bias[n, places] = weight, bias

    def forward(self, numbers: Tensor) -> Tensor:
        """Return (batch, numbers, bins) for (batch, numbers)."""
        shares = torch.addcmul(self.bias, self.weight, numbers[..., None])
        if shares.shape[-1] == 1:
            return shares
        last = shares[..., -1:].clamp_min(0.0)
        if self.single_bin_mask is not None:
            last = torch.where(self.single_bin_mask[..., None], shares[..., -1:], last)
        return torch.cat([shares[..., :1].clamp_max(1.0), shares[..., 1:-1].clamp(0.0, 1.0), last], -1)


class LinearEmbeddings(nn.Module):
    """A line for each number: (batch, numbers) to (batch, numbers, width)."""

    def __init__(self, numbers: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(numbers, width).uniform_(-(width**-0.5), width**-0.5))
        self.bias = nn.Parameter(torch.empty(numbers, width).uniform_(-(width**-0.5), width**-0.5))

    def forward(self, numbers: Tensor) -> Tensor:
        """Return the vectors."""
        return torch.addcmul(self.bias, self.weight, numbers[..., None])


class PerNumber(nn.Module):
    """A linear map of its own for each number's bins: (batch, numbers, bins) to (batch, numbers, width)."""

    def __init__(self, numbers: int, bins: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(numbers, bins, width).uniform_(-(bins**-0.5), bins**-0.5))

    def forward(self, shares: Tensor) -> Tensor:
        """Return the vectors."""
        return torch.transpose(shares.transpose(0, 1) @ self.weight, 0, 1)


class PiecewiseEmbeddings(nn.Module):
    """A vector for each number: a line, and what bends it at the edges of bins, which is nothing at first.

    Source: Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in Tabular Deep Learning (2022).
    """

    def __init__(self, bins: list[Tensor], width: int) -> None:
        super().__init__()
        self.linear0 = LinearEmbeddings(len(bins), width)
        self.impl = PiecewiseLinear(bins)
        self.linear = PerNumber(len(bins), self.impl.weight.shape[1], width)
        nn.init.zeros_(self.linear.weight)

    def forward(self, numbers: Tensor) -> Tensor:
        """Return (batch, numbers, width) for (batch, numbers)."""
        return torch.add(self.linear0(numbers), self.linear(self.impl(numbers)))


class EmbeddedNumbers(nn.Module):
    """The first inputs as vectors, flattened, the others behind them as they are."""

    def __init__(self, bins: list[Tensor], width: int) -> None:
        super().__init__()
        self.numbers = len(bins)
        self.embedding = PiecewiseEmbeddings(bins, width)

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, numbers x width + others) for (batch, inputs)."""
        vectors = self.embedding(features[:, : self.numbers]).flatten(1)
        return torch.cat([vectors, features[:, self.numbers :]], 1)


class EmbeddedCategories(nn.Module):
    """The last inputs, positions of categories, as a learnt vector each; training hides some of them at random."""

    hidden: Tensor

    def __init__(self, plain: int, tables: list[tuple[int, int]], std: float) -> None:
        super().__init__()
        self.plain = plain
        made = [nn.Embedding(entries, width) for entries, width in tables]
        for table in made:
            nn.init.normal_(table.weight, std=std)
        self.tables = nn.ModuleList(made)
        self.register_buffer("hidden", torch.tensor([1.0 / entries for entries, _ in tables]), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, plain + widths) for (batch, plain + tables)."""
        positions = features[:, self.plain :]
        if self.training:
            positions = positions * (torch.rand_like(positions) >= self.hidden)
        vectors = [table(positions[:, n].long()) for n, table in enumerate(self.tables)]
        return torch.cat([features[:, : self.plain], *vectors], 1)


class EnsembleView(nn.Module):
    """The same inputs for each member: (batch, inputs) to (batch, members, inputs)."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.members = members

    def forward(self, features: Tensor) -> Tensor:
        """Return the views."""
        return features.unsqueeze(-2).expand(-1, self.members, -1)


class LinearBatchEnsemble(nn.Module):
    """Linear layers that share a matrix; each member has factors of its own before and after it.

    Source: Wen, Tran and Ba, BatchEnsemble (2020); first weights as in TabM (Gorishniy, Kotelnikov, Babenko, 2025).
    """

    def __init__(self, before: int, after: int, members: int, first: str, chunks: list[int] | None) -> None:
        super().__init__()
        bound = before**-0.5
        self.weight = nn.Parameter(torch.empty(after, before).uniform_(-bound, bound))
        self.r = nn.Parameter(first_factors(members, before, first, chunks))
        self.s = nn.Parameter(torch.ones(members, after))
        self.bias = nn.Parameter(torch.empty(after).uniform_(-bound, bound).repeat(members, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, members, after) for (batch, members, before)."""
        return (features * self.r) @ self.weight.T * self.s + self.bias


def first_factors(members: int, before: int, kind: str, chunks: list[int] | None) -> Tensor:
    """Return (members, before): ones, or for each chunk of inputs one factor, normal or plus or minus 1."""
    if kind == "ones":
        return torch.ones(members, before)
    parts = []
    for width in chunks or []:
        one = torch.empty(members, 1)
        parts.append((one.normal_() if kind == "normal" else one.bernoulli_(0.5).mul_(2).add_(-1)).expand(-1, width))
    return torch.cat(parts, 1)


class LinearEnsemble(nn.Module):
    """Linear layers side by side, one a member."""

    def __init__(self, before: int, after: int, members: int) -> None:
        super().__init__()
        bound = before**-0.5
        self.weight = nn.Parameter(torch.empty(members, before, after).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, after).uniform_(-bound, bound))

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, members, after) for (batch, members, before)."""
        return torch.transpose(features.transpose(0, 1) @ self.weight, 0, 1) + self.bias
