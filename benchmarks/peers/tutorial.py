"""The loop of every PyTorch tutorial: `DataLoader(TensorDataset)`, `zero_grad`, `backward`, `step`."""

import time

import torch
from torch import Tensor, from_numpy, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.peers.net import mlp
from benchmarks.peers.work import LR, Fitted, Part, Work, tell

Batches = DataLoader[tuple[Tensor, ...]]


def batches(part: Part, batch_size: int, *, shuffle: bool) -> Batches:
    """Return the loader that a tutorial makes of two tensors."""
    dataset = TensorDataset(from_numpy(part.features), from_numpy(part.targets))
    return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle)


def fit(work: Work, train: Part, valid: Part) -> Fitted:
    """Train and validate every epoch."""
    torch.manual_seed(work.seed)
    model = mlp(work.hidden)
    train_batches = batches(train, work.batch_size, shuffle=True)
    valid_batches = batches(valid, work.batch_size, shuffle=False)
    cost_function = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    val_cost = None
    began = time.perf_counter()
    for _epoch in range(work.epochs):
        model.train()
        for features, targets in train_batches:
            cost = cost_function(model(features), targets)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
        val_cost = mean_cost(model, valid_batches)
    return Fitted(time.perf_counter() - began, val_cost)


@torch.no_grad()
def mean_cost(model: nn.Module, valid_batches: Batches) -> float:
    """Return the mean squared error over the validation rows."""
    model.eval()
    total, examples = 0.0, 0
    for features, targets in valid_batches:
        total += nn.functional.mse_loss(model(features), targets).item() * len(targets)
        examples += len(targets)
    return total / examples


if __name__ == "__main__":
    tell(fit, "torch")
