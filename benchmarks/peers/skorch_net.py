"""skorch's `NeuralNetRegressor`, silent, with the given validation rows."""

import time

import torch
from skorch import NeuralNetRegressor
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from benchmarks.peers.net import mlp
from benchmarks.peers.work import LR, Fitted, Part, Work, tell


def fit(work: Work, train: Part, valid: Part) -> Fitted:
    """Train and validate every epoch."""
    torch.manual_seed(work.seed)
    net = NeuralNetRegressor(
        mlp(work.hidden),
        criterion=torch.nn.MSELoss,
        optimizer=torch.optim.Adam,
        lr=LR,
        max_epochs=work.epochs,
        batch_size=work.batch_size,
        iterator_train__shuffle=True,
        train_split=predefined_split(Dataset(valid.features, valid.targets)),
        device="cpu",
        verbose=0,
    )
    began = time.perf_counter()
    net.fit(train.features, train.targets)
    return Fitted(time.perf_counter() - began, float(net.history[-1, "valid_loss"]))


if __name__ == "__main__":
    tell(fit, "skorch")
