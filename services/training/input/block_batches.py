"""Batches of a table that is larger than memory: blocks of it in random order, mixed in a buffer.

Measured in `benchmarks/out_of_core.py` and `benchmarks/block_shuffle.py`: the more blocks in a buffer, the better a
sample of all are its rows, which the last weights of an epoch lean to.
"""

import mmap
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from services.training.input.batching import Batching

BLOCK_ROWS = 512  #: neighbours in the file that are read together
BUFFER_BLOCKS = 2_048  #: blocks that are mixed with each other
PART_ROWS = 4_096  #: rows of the buffer that become features and targets at once
BUFFER_BYTES = 128 << 20  #: fewer of them where rows are wide, so that they stay in memory while they are mixed
Encode = Callable[[np.ndarray], tuple[Tensor, Tensor]]


class BlockBatches:
    """The batches of some rows of a table on disk, epoch by epoch; as an iterable those of epoch 1.

    The order is a pure function of seed and epoch, and every row comes once.
    """

    def __init__(self, table: np.ndarray, rows: np.ndarray, encode: Encode, batching: Batching) -> None:
        """Shapes: table (rows, columns) float32, a map of the file; rows (rows,) bool, which of them."""
        self.table = np.asarray(table)
        self.map = table.base if isinstance(table.base, mmap.mmap) else None
        if self.map:  # or the kernel reads 128 KB around each row that it has dropped: 20 times the file, in 1 GB
            self.map.madvise(mmap.MADV_RANDOM)
        self.rows = rows
        self.encode = encode
        self.size = batching.size
        self.seed = batching.seed
        self.shuffle = batching.shuffle
        self.drop_last = batching.drop_last
        self.counts = torch.from_numpy(np.add.reduceat(rows, np.arange(0, len(rows), BLOCK_ROWS), dtype=np.int64))
        block_bytes = BLOCK_ROWS * table.shape[1] * table.itemsize
        self.buffer = max(1, min(BUFFER_BLOCKS, BUFFER_BYTES // block_bytes))

    def __len__(self) -> int:
        whole, rest = divmod(int(self.counts.sum()), self.size)
        return whole + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self(1, 0)

    def __call__(self, epoch: int, done: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Return the batches of an epoch after the first `done`. What is skipped is not read."""
        begun: list[tuple[Tensor, Tensor]] = []  # rows that do not fill a batch yet
        for features, targets in self._mixed(epoch, done * self.size):
            if begun:
                features, targets = torch.cat([begun[0][0], features]), torch.cat([begun[0][1], targets])
            whole = len(features) // self.size * self.size
            if whole:
                yield from zip(
                    torch.split(features[:whole], self.size), torch.split(targets[:whole], self.size), strict=True
                )
            begun = [(features[whole:], targets[whole:])] if whole < len(features) else []
        if begun and not self.drop_last:
            yield begun[0]

    def _mixed(self, epoch: int, skipped: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the rows of buffer after buffer, in the order of training, without the first `skipped` rows."""
        # PyTorch's CPU generator uses the low 32 bits of a seed.
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**32)
        blocks = torch.arange(len(self.counts))
        if self.shuffle:
            blocks = blocks[torch.randperm(len(blocks), generator=generator)]
        before = 0
        for group in torch.split(blocks, self.buffer):
            count = int(self.counts[group].sum())
            places = torch.randperm(count, generator=generator).numpy() if self.shuffle else slice(None)
            before += count
            if before <= skipped or not count:
                continue
            self._ask_for(group)
            rows = self._rows_of(group)[places]
            # Some batches at a time, so that what is made of them is still in the processor's cache when it is used.
            part = self.size * max(1, PART_ROWS // self.size)
            for begin in range(max(0, skipped - (before - count)), count, part):
                yield self.encode(self.table.take(rows[begin : begin + part], axis=0))

    def _rows_of(self, blocks: Tensor) -> np.ndarray:
        """Return the chosen rows of some blocks, in the order of the file: (chosen,) int64."""
        rows = (np.sort(blocks.numpy())[:, None] * BLOCK_ROWS + np.arange(BLOCK_ROWS)).ravel()
        rows = rows[rows < len(self.rows)]
        return np.asarray(rows[self.rows[rows]])

    def _ask_for(self, blocks: Tensor) -> None:
        """Have the kernel read blocks that are not in its cache, each at once rather than page by page."""
        if self.map is None:
            return
        row_bytes = self.table.shape[1] * self.table.itemsize
        for block in blocks.tolist():
            begin = block * BLOCK_ROWS * row_bytes // mmap.PAGESIZE * mmap.PAGESIZE
            self.map.madvise(mmap.MADV_WILLNEED, begin, min(BLOCK_ROWS * row_bytes, len(self.map) - begin))
