"""Rows as a Dataset, the order of each epoch, and the DataLoaders over them."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

GATHER_BYTES = 1 << 20  #: what is gathered at once stays in the processor's cache


class Rows(Dataset[tuple[Tensor, Tensor]]):
    """Features and targets in memory. A whole batch is one gather, where a list of items would be one for each row.

    Shapes: features (rows, inputs) float32; targets (rows, outputs) float32, or (rows,) int64 for classes.
    """

    def __init__(self, features: Tensor, targets: Tensor, *, pinned: bool = False) -> None:
        """`pinned` gathers batches into memory that a GPU copies from while it computes."""
        self.features = features
        self.targets = targets
        self.pinned = pinned

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        return self.features[row], self.targets[row]

    def __getitems__(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        features, targets = self.features.index_select(0, rows), self.targets.index_select(0, rows)
        return (features.pin_memory(), targets.pin_memory()) if self.pinned else (features, targets)


class EpochOrder(Sampler[Any]):
    """The batches of one epoch as row numbers: a pure function of seed and epoch, begun at any batch."""

    def __init__(self, rows: int, batch_size: int, *, seed: int, shuffle: bool, drop_last: bool) -> None:
        self.rows = rows
        self.size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.epoch = 1
        self.done = 0  #: batches of this epoch that were trained before

    def __len__(self) -> int:
        whole, rest = divmod(self.rows, self.size)
        return whole + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.parts(self.size))

    def parts(self, size: int) -> tuple[Tensor, ...]:
        """Return the row numbers that are left of the epoch, in parts of so many."""
        rows = order(self.rows, self.seed, self.epoch) if self.shuffle else torch.arange(self.rows)
        begin, end = self.done * self.size, min(len(self) * self.size, self.rows)
        return tuple(rows[first : min(first + size, end)] for first in range(begin, end, size))


class GatheringLoader(DataLoader[tuple[Tensor, Tensor]]):
    """A DataLoader over rows in memory. It gathers several batches at once and hands over slices of them."""

    def __init__(self, rows: Rows, order: EpochOrder) -> None:
        # A loader without a generator of its own would draw from the global one, which belongs to the model.
        super().__init__(rows, batch_sampler=order, collate_fn=_as_it_is, generator=torch.Generator())
        self.rows = rows
        self.order = order
        row_bytes = max(1, rows.features[:1].nbytes + rows.targets[:1].nbytes)
        self.gathered = order.size * max(1, GATHER_BYTES // (row_bytes * order.size))

    def __iter__(self) -> Any:
        size = self.order.size
        for part in self.order.parts(self.gathered):
            features, targets = self.rows.__getitems__(part.to(self.rows.features.device))
            for first in range(0, len(part), size):  # half the time of `split`, which small nets would notice
                yield features[first : first + size], targets[first : first + size]


class TrainBatches:
    """The training rows' loader, set to an epoch and a batch by each call."""

    def __init__(self, loader: "DataLoader[Any]", order: EpochOrder) -> None:
        self.order = order
        self.loader = loader

    def __len__(self) -> int:
        return len(self.order)

    def __call__(self, epoch: int, done: int) -> "DataLoader[Any]":
        """Return the loader of an epoch's batches after the first `done`."""
        self.order.epoch, self.order.done = epoch, done
        return self.loader


def order(rows: int, seed: int, epoch: int) -> Tensor:
    """Return the order of the rows in an epoch, counted from 1; epoch 0 is the split's.

    Shapes: (rows,) int64.
    """
    # PyTorch's CPU generator uses the low 32 bits of a seed.
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**32)
    return torch.randperm(rows, generator=generator)


def training_batches(rows: Rows, batch_size: int, *, seed: int, shuffle: bool, drop_last: bool) -> TrainBatches:
    """Return the batches of the training rows."""
    order = EpochOrder(len(rows), batch_size, seed=seed, shuffle=shuffle, drop_last=drop_last)
    return TrainBatches(GatheringLoader(rows, order), order)


def validation_batches(rows: Rows, batch_size: int) -> "DataLoader[Any]":
    """Return the batches of rows that are measured, in their own order."""
    order = EpochOrder(len(rows), batch_size, seed=0, shuffle=False, drop_last=False)
    return GatheringLoader(rows, order)


def _as_it_is(batch: Any) -> Any:
    return batch
