"""The tutorial's job, every batch's cost kept: the tutorial's own loop, and our training of it, in turn.

Each run is a process of its own that trains a few epochs first, so that nothing is imported while the clock runs.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.report import report
from docs import plain_loop
from tests.make import make_training
from tests.stack import TUTORIAL

EPOCHS, STEPS = 2000, 6000
ROUNDS = 7
Run = Callable[[int], list[float]]


def tutorial(epochs: int) -> list[float]:
    """Return every batch's cost of the tutorial's loop: a DataLoader over a TensorDataset, and plain SGD."""
    torch.manual_seed(0)
    model, cost_function = nn.Linear(3, 1), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    loader = DataLoader(TensorDataset(plain_loop.x, plain_loop.y), batch_size=2, shuffle=True)
    costs: list[Tensor] = []
    for _ in range(epochs):
        for features, targets in loader:
            cost = cost_function(model(features), targets)
            optimizer.zero_grad()
            torch.autograd.backward(cost)
            optimizer.step()
            costs.append(cost.detach())
    return [float(torch.stack(costs)[-1])]


def fifteen_lines(epochs: int) -> list[float]:
    """Return every batch's cost of the loop in `docs/plain_loop.py`, which has no DataLoader."""
    return plain_loop.train(0, epochs)[1]


def by_hand(epochs: int) -> list[float]:
    """Return the costs of the same arithmetic with gradients written by hand: the least that PyTorch's calls allow."""
    torch.manual_seed(0)
    layer = nn.Linear(3, 1)
    weight, bias = layer.weight.detach(), layer.bias.detach()
    turned, costs = weight.t(), []
    for epoch in range(1, epochs + 1):
        generator = torch.Generator().manual_seed(epoch)
        for rows in torch.split(torch.randperm(5, generator=generator), 2):
            features, targets = plain_loop.x.index_select(0, rows), plain_loop.y.index_select(0, rows)
            apart = torch.addmm(bias, features, turned).sub_(targets)
            costs.append(apart.square().mean())
            apart.mul_(2 / len(rows))
            weight.addmm_(apart.t(), features, alpha=-1e-5)
            bias.add_(apart.sum(0), alpha=-1e-5)
    return [float(torch.stack(costs)[-1])]


def ours(epochs: int) -> list[float]:
    """Return the last epoch's cost of our training, as a trainer runs it."""
    training = make_training(**TUTORIAL | {"epochs": epochs})
    return [costs.train_cost for costs in training.fit()][-1:]


RUNS: dict[str, Run] = {
    "the tutorial's loop": tutorial,
    "15 lines without a DataLoader": fifteen_lines,
    "ours": ours,
    "gradients by hand": by_hand,
}


def one(name: str) -> None:
    """Run one in this process and print its seconds."""
    torch.set_num_threads(1)
    RUNS[name](100)
    began = time.perf_counter()
    costs = RUNS[name](EPOCHS)
    print(json.dumps({"seconds": time.perf_counter() - began, "cost": costs[-1]}))


def main() -> None:
    """Run all, forwards and backwards in turn."""
    found: dict[str, list[float]] = {name: [] for name in RUNS}
    for turn in range(ROUNDS):
        for name in list(RUNS) if turn % 2 == 0 else list(RUNS)[::-1]:
            command = [sys.executable, "-m", "benchmarks.tiny_fit", name]
            told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            assert told["cost"] < 10, told
            found[name].append(told["seconds"])
    first = median(found["the tutorial's loop"])
    lines = [
        f"- {name}: {median(seconds) / STEPS * 1e6:.0f} µs a step ({min(seconds) / STEPS * 1e6:.0f} to"
        f" {max(seconds) / STEPS * 1e6:.0f}), {first / median(seconds):.1f} times the tutorial's"
        for name, seconds in found.items()
    ]
    report(
        "tiny_fit", [f"{ROUNDS} rounds in turn, one thread, build of the training included. Bar: 3 times.", "", *lines]
    )


if __name__ == "__main__":
    one(sys.argv[1]) if len(sys.argv) > 1 else main()
