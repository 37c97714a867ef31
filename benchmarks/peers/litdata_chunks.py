"""LitData: chunks of tensors in a folder, shuffled by chunk and within each."""

import contextlib
import os
import sys
import tempfile

import numpy as np
import torch
from litdata import StreamingDataLoader, StreamingDataset, TokensLoader, optimize
from torch import Tensor

from benchmarks.peers.streaming import BATCH, ROWS, tell
from benchmarks.peers.work import FEATURES

PART = 10_000


def part(place: tuple[str, int]) -> Tensor:
    """Return some rows of the file, one value after the other."""
    path, begin = place
    table = np.memmap(path, dtype="<f4", mode="r").reshape(-1, FEATURES + 1)
    return torch.from_numpy(np.array(table[begin : begin + PART])).reshape(-1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            optimize(
                fn=part,
                inputs=[(sys.argv[1], begin) for begin in range(0, ROWS, PART)],
                output_dir=folder,
                chunk_bytes="64MB",
                num_workers=1,
                item_loader=TokensLoader(block_size=FEATURES + 1),
            )
            stored = StreamingDataset(folder, item_loader=TokensLoader(block_size=FEATURES + 1), shuffle=True)
            loader = StreamingDataLoader(stored, batch_size=BATCH, num_workers=0)
        tell(loader, "litdata")
