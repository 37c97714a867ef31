"""The loop that every reader of a file too large for memory feeds, for a quarter of a minute; validation apart."""

import json
import time
from collections.abc import Iterable
from importlib.metadata import version

import torch
from torch import Tensor, nn

from benchmarks.peers.net import mlp
from benchmarks.peers.work import FEATURES, LR

BATCH = 256
ROWS = 1_000_000  #: of the file, for readers that need a copy in a format of their own
SECONDS = 15.0
WARM_S = 2.0  #: the first batches are not counted


def tell(batches: Iterable[Tensor], library: str) -> None:
    """Train on batches of features and target, (256, 33) float32; print the rows per second and the version."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, cost_function = mlp([64, 64]), nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    rows, began, warm = 0, time.perf_counter(), False
    for batch in batches:
        cost = cost_function(model(batch[:, :FEATURES]), batch[:, FEATURES:])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        rows += len(batch)
        if not warm and time.perf_counter() - began > WARM_S:
            rows, began, warm = 0, time.perf_counter(), True
        if time.perf_counter() - began > SECONDS:
            break
    print(json.dumps({"rows_per_second": rows / (time.perf_counter() - began), "version": version(library)}))
