"""Hugging Face datasets: an Arrow file in its cache, mapped; batches by a list of rows, which is its fastest way."""

import sys
import tempfile

import datasets
import numpy as np
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from benchmarks.peers.streaming import BATCH, ROWS, tell
from benchmarks.peers.work import FEATURES


def rows_of(found: dict[str, Tensor]) -> Tensor:
    """Return what a batch holds."""
    return found["row"]


if __name__ == "__main__":
    table = np.memmap(sys.argv[1], dtype="<f4", mode="r").reshape(-1, FEATURES + 1)[:ROWS]
    shape = datasets.Features({"row": datasets.List(datasets.Value("float32"), length=FEATURES + 1)})
    with tempfile.TemporaryDirectory() as folder:
        datasets.Dataset.from_dict({"row": table}, features=shape).save_to_disk(folder)
        stored = datasets.load_from_disk(folder).with_format("torch")
        sampler = BatchSampler(RandomSampler(range(len(stored))), BATCH, drop_last=True)
        tell(DataLoader(stored, sampler=sampler, batch_size=None, collate_fn=rows_of), "datasets")
