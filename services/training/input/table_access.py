"""Which way a table's rows are read: all into memory where they fit, else in blocks from the file."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from services.specs.resolve.memory import IN_MEMORY_BYTES, LEARN_BYTES
from services.training.input.batching import Batching, ChosenRows
from services.training.input.block_batches import BlockBatches
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


def to_train_on(rows: ChosenRows, batching: Batching, device: torch.device) -> TrainBatches | BlockBatches:
    """Return the batches of the training rows, epoch by epoch."""
    if fits(rows.table):
        return training_batches(
            placed(*_encoded(rows), device),
            batching.size,
            seed=batching.seed,
            shuffle=batching.shuffle,
            drop_last=batching.drop_last,
        )
    return BlockBatches(rows.table, rows.chosen, pinned(rows.encode, device), batching)


def to_measure(rows: ChosenRows, batch_size: int, device: torch.device) -> Iterable[tuple[Tensor, Tensor]]:
    """Return the batches of rows that are measured, in the order of the file."""
    if fits(rows.table):
        return validation_batches(placed(*_encoded(rows), device), batch_size)
    return BlockBatches(rows.table, rows.chosen, pinned(rows.encode, device), Batching(batch_size))


def _encoded(rows: ChosenRows) -> tuple[Tensor, Tensor]:
    return rows.encoded or rows.encode(np.asarray(rows.table[rows.chosen]))
