"""`np.memmap` behind a `Dataset`, row by row in random order: what people write first."""

import sys

import numpy as np
from torch import Tensor, from_numpy
from torch.utils.data import DataLoader, Dataset

from benchmarks.peers.streaming import BATCH, tell
from benchmarks.peers.work import FEATURES


class Rows(Dataset[Tensor]):
    """The rows of the file."""

    def __init__(self, path: str) -> None:
        self.table = np.memmap(path, dtype="<f4", mode="r").reshape(-1, FEATURES + 1)

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, n: int) -> Tensor:
        return from_numpy(np.array(self.table[n]))


if __name__ == "__main__":
    tell(DataLoader(Rows(sys.argv[1]), batch_size=BATCH, shuffle=True), "numpy")
