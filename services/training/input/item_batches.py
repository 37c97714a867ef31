"""Batches of a plug-in's items: each is read when its batch is, so that a Dataset may be larger than memory."""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from services.columns import TableInfo
from services.training.input import random_state
from services.training.input.batching import Batching
from services.training.input.plugin_data import Opened
from services.training.input.rows import EpochOrder, TrainBatches


class Items(Dataset[tuple[Tensor, Tensor]]):
    """Some items of a plug-in's Dataset.

    What one draws, to turn a picture or to add noise, is a function of seed, epoch and item: a job that goes on at any
    batch draws the same. Of an item that validates or tests it is the same in every epoch.
    """

    def __init__(self, data: Opened, info: TableInfo, rows: np.ndarray, order: EpochOrder, *, multiclass: bool) -> None:
        """Shapes: rows (rows,) int64, the numbers of the items."""
        self.data = data
        self.info = info
        self.rows = rows
        self.order = order
        self.multiclass = multiclass

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        number = int(self.rows[place])
        random_state.begin(self.order.seed, self.order.epoch, number)
        features, target = self.data.fitting(number, self.info)
        return features, target[0].long() if self.multiclass else target

    def __getitems__(self, places: Tensor) -> list[tuple[Tensor, Tensor]]:
        with random_state.apart():
            return [self[place] for place in places.tolist()]


def item_batches(
    data: Opened, info: TableInfo, rows: np.ndarray, batching: Batching, *, multiclass: bool
) -> TrainBatches:
    """Return the batches of some items. Shapes: rows (rows,) int64, their numbers."""
    order = EpochOrder(
        len(rows), batching.size, seed=batching.seed, shuffle=batching.shuffle, drop_last=batching.drop_last
    )
    items = Items(data, info, rows, order, multiclass=multiclass)
    # A loader without a generator of its own would draw from the global one, which belongs to the model.
    return TrainBatches(DataLoader(items, batch_sampler=order, generator=torch.Generator()), order)
