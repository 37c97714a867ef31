"""The net of the job in plain PyTorch, for every runner that takes a module."""

from itertools import pairwise

from torch import nn

from benchmarks.peers.work import FEATURES


def mlp(hidden: list[int]) -> nn.Sequential:
    """Return linear layers with ReLU between them: (batch, 32) to (batch, 1)."""
    layers: list[nn.Module] = []
    for before, after in pairwise([FEATURES, *hidden]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 1))
