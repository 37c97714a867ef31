"""Which way a table's rows are read: all into memory where they fit, else in blocks from the file."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from services.specs.resolve.memory import IN_MEMORY_BYTES, LEARN_BYTES
from services.training.input.block_batches import BlockBatches
from services.training.input.encoding import Encoding
from services.training.input.placement import pinned, placed
from services.training.input.rows import TrainBatches, training_batches, validation_batches


def fits(table: np.ndarray) -> bool:
    """Return whether a table, (rows, columns), is read into memory."""
    return table.nbytes <= IN_MEMORY_BYTES


def to_learn_from(table: np.ndarray, rows: np.ndarray, seed: int) -> np.ndarray:
    """Return the rows that scalings and the like are learnt from: all that fit in memory, else a random sample.

    Shapes: table (rows, columns) float32; rows (rows,) bool, which of them; returns (learnt from, columns) float32.
    """
    if fits(table):
        return np.asarray(table[rows])
    most = LEARN_BYTES // (table.itemsize * table.shape[1])
    drawn = np.unique(np.random.default_rng(seed).integers(len(table), size=most))
    return np.asarray(table[drawn[rows[drawn]]])


def to_train_on(
    table: np.ndarray,
    rows: np.ndarray,
    encode: Encoding,
    encoded: tuple[Tensor, Tensor],
    batch_size: int,
    *,
    device: torch.device,
    seed: int,
    shuffle: bool,
    drop_last: bool,
) -> TrainBatches | BlockBatches:
    """Return the batches of the training rows; `encoded` is what `to_learn_from` gave, encoded."""
    if fits(table):
        return training_batches(placed(*encoded, device), batch_size, seed=seed, shuffle=shuffle, drop_last=drop_last)
    ready = pinned(encode, device)
    return BlockBatches(table, rows, ready, batch_size, seed=seed, shuffle=shuffle, drop_last=drop_last)


def to_measure(
    table: np.ndarray,
    rows: np.ndarray,
    encode: Encoding,
    batch_size: int,
    device: torch.device,
    encoded: tuple[Tensor, Tensor] | None = None,
) -> Iterable[tuple[Tensor, Tensor]]:
    """Return the batches of rows that are measured, in the order of the file; `encoded` is what they became before."""
    if fits(table):
        return validation_batches(placed(*(encoded or encode(np.asarray(table[rows]))), device), batch_size)
    return BlockBatches(table, rows, pinned(encode, device), batch_size, seed=0, shuffle=False, drop_last=False)
