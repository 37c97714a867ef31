"""A plug-in that does what its `fault` says, at the item that `at` names: for tests of what is told then."""

import os
import sys
import time
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset


class Odd(Dataset[tuple[Any, Any]]):
    """Twelve items of three numbers, but for one fault."""

    def __init__(self, fault: str = "", at: int = 0, length: int = 12) -> None:
        self.fault = fault
        self.at = at
        self.length = length
        self.drawn = torch.rand(()).item()
        if fault == "init":
            raise ValueError("asked to fail")
        if fault == "exit":
            sys.exit("asked to leave")
        if "class" in fault:
            self.classes = ("a", "b", "c")

    def __len__(self) -> int:
        if self.fault == "len":
            raise LookupError("asked to fail")
        return self.length

    def __getitem__(self, index: int) -> Any:
        features, target = torch.arange(3.0) + index, float(index)
        if "class" in self.fault:
            target = index % 3
        if index != self.at:
            return features, target
        if self.fault == "item":
            raise OSError("no such picture")
        if self.fault == "os._exit":
            os._exit(3)
        if self.fault == "hang":
            time.sleep(10_000)
        wrong: dict[str, Any] = {
            "no pair": features,
            "shape": (torch.zeros(4), target),
            "ragged": ([[1.0], [1.0, 2.0]], target),
            "text": (features, "three"),
            "nan": (features, float("nan")),
            "infinite features": (features / 0, target),
            "targets": (features, [1.0, 2.0]),
            "table target": (features, torch.zeros(2, 2)),
            "nothing": (torch.zeros(0), target),
            "class beyond": (features, 3),
            "class between": (features, 0.5),
        }
        return wrong.get(self.fault, (features, target))


def no_dataset() -> list[int]:
    """Return what is no Dataset."""
    return [1, 2]


class Pairs(Dataset[tuple[Any, Any]]):
    """Twelve items with two targets, as lists."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        return [index + 0.0, index + 1.0, index + 2.0], [index, -index]


class Pictures(Dataset[tuple[Any, Any]]):
    """Twenty pictures (1, 4, 4) of two kinds, as nested lists."""

    classes = ("dark", "light")

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> Any:
        return [[[float(index % 2)] * 4] * 4], index % 2


class CustomDataset(Dataset[tuple[Tensor, Tensor]]):
    """The tutorial's: it holds features and targets, and gives a pair of them."""

    def __init__(self, features: Tensor, targets: Tensor) -> None:
        self.features = features
        self.targets = targets

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.features[index], self.targets[index]


def tutorial() -> CustomDataset:
    """Return the tutorial's rows."""
    x = [[73, 80, 75], [93, 88, 93], [89, 91, 90], [96, 98, 100], [73, 66, 70]]
    return CustomDataset(torch.tensor(x, dtype=torch.float32), torch.tensor([[152.0], [185], [180], [196], [142]]))
