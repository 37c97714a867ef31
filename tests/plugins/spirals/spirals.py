"""A plug-in: points on two spirals, made when they are asked for. A job's `params` are the keywords of `__init__`."""

import torch
from torch import Tensor
from torch.utils.data import Dataset


class Spirals(Dataset[tuple[Tensor, int]]):
    """Points (2,) of two classes. Every epoch shakes them anew: the noise is drawn when an item is read."""

    classes = ["left", "right"]

    def __init__(self, points: int = 400, noise: float = 0.05) -> None:
        self.points = points
        self.noise = noise

    def __len__(self) -> int:
        return self.points

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        which = index % 2
        angle = torch.tensor(1.0 + 5.0 * index / self.points)
        point = torch.stack([angle.cos(), angle.sin()]) * (angle / 6.0) * (1 if which else -1)
        return point + self.noise * torch.randn(2), which
