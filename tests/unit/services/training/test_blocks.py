"""A table that is larger than memory trains on the same rows, in an order that is mixed and repeats."""

from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from services.training.input import block_batches, table_access
from services.training.input.block_batches import BlockBatches
from services.training.loop.training import Training
from tests.make import make_training


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 8 rows, 4 in a buffer, and every table too large for memory."""
    monkeypatch.setattr(block_batches, "BLOCK_ROWS", 8)
    monkeypatch.setattr(block_batches, "BUFFER_BLOCKS", 4)
    monkeypatch.setattr(table_access, "IN_MEMORY_BYTES", 1 << 10)


def encode(cells: np.ndarray) -> tuple[Tensor, Tensor]:
    """Features as they are, the first column the target."""
    return torch.from_numpy(cells), torch.from_numpy(cells[:, 0])


def batches(rows: int = 203, size: int = 10, **more: Any) -> BlockBatches:
    """Batches of the odd rows of a table whose first column is the number of the row."""
    table = np.column_stack([np.arange(rows), np.ones(rows)]).astype(np.float32)
    chosen = {"seed": 0, "shuffle": True, "drop_last": False, **more}
    return BlockBatches(table, np.arange(rows) % 2 == 1, encode, size, **chosen)


def order(made: BlockBatches, epoch: int, done: int = 0) -> list[list[float]]:
    """The rows of each batch."""
    return [targets.tolist() for _, targets in made(epoch, done)]


def flat(found: list[list[float]]) -> list[float]:
    """The rows of all batches, one after the other."""
    return list(chain.from_iterable(found))


def test_every_row_comes_once_an_epoch_in_full_batches_but_the_last() -> None:
    found = order(batches(), 1)

    assert sorted(flat(found)) == [float(n) for n in range(203) if n % 2]
    assert [len(batch) for batch in found] == [10] * 10 + [1]
    assert len(found) == len(batches())
    assert len(order(batches(drop_last=True), 1)) == len(batches(drop_last=True)) == 10


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    orders = [tuple(flat(order(batches(seed=seed), epoch))) for seed in (0, 1) for epoch in (1, 2)]

    assert len(set(orders)) == 4
    assert order(batches(), 3) == order(batches(), 3)
    assert flat(order(batches(shuffle=False), 1)) == [float(n) for n in range(203) if n % 2]


def test_an_epoch_goes_on_at_any_batch() -> None:
    whole = order(batches(), 2)

    assert all(order(batches(), 2, done) == whole[done:] for done in range(len(whole) + 1))


def test_rows_that_lie_apart_in_the_file_are_mixed() -> None:
    first = flat(order(batches(rows=2_000), 1)[:2])

    assert max(first) - min(first) > 500  # of 32 rows in a buffer some are far away


def trained(**parts: Any) -> Training:
    """A training to the end."""
    job = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 30, "batch_size": 16, "early_stopping": False}
    training = make_training(**{**job, "optimizer": {"type": "adamw", "lr": 0.05}, **parts})
    for costs in training.fit():
        if training.best.improved(costs):
            training.keep_best()
    return training


def test_a_table_in_blocks_learns_what_one_in_memory_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    in_blocks = trained()
    monkeypatch.setattr(table_access, "IN_MEMORY_BYTES", 1 << 30)
    in_memory = trained()

    assert isinstance(in_blocks.train_batches, BlockBatches)
    assert not isinstance(in_memory.train_batches, BlockBatches)
    assert in_blocks.best.value == pytest.approx(in_memory.best.value, rel=0.15)


def test_a_training_in_blocks_that_is_resumed_ends_with_the_same_bits() -> None:
    whole = trained(epochs=4)
    looks = iter([None] * 11 + ["drain"] * 9)
    stopped = make_training(
        data={"builtin": "iris"},
        model="linear",
        epochs=4,
        batch_size=16,
        early_stopping=False,
        optimizer={"type": "adamw", "lr": 0.05},
        stop_requested=lambda: next(looks),
    )
    with pytest.raises(Exception, match="drain"):
        list(stopped.fit())
    resumed = trained(epochs=4, last=stopped.last_bytes())

    assert all(torch.equal(a, b) for a, b in zip(whole.model.parameters(), resumed.model.parameters(), strict=True))
