"""Errors of shapes and types are certain; those of memory and machines are not. Each is PyTorch's own."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from worker.certain_errors import is_certain

ERRORS: dict[str, Callable[[], Any]] = {
    "matmul": lambda: nn.Linear(3, 2)(torch.zeros(4, 5)),
    "broadcast": lambda: torch.zeros(3) + torch.zeros(4),
    "expand": lambda: torch.zeros(3).expand(4),
    "view": lambda: torch.zeros(6).view(4, 2),
    "channels": lambda: nn.Conv2d(3, 4, 2)(torch.zeros(1, 1, 8, 8)),
    "kernel": lambda: nn.Conv2d(1, 4, 9)(torch.zeros(1, 1, 4, 4)),
    "dtype": lambda: nn.Linear(3, 2)(torch.zeros(4, 3, dtype=torch.float64)),
    "class dtype": lambda: functional.nll_loss(torch.zeros(4, 3), torch.zeros(4)),
    "cat": lambda: torch.cat([torch.zeros(2, 3), torch.zeros(3, 4)], 1),
    "cast": lambda: torch.zeros(3, dtype=torch.int64).add_(0.5),
    "no gradient": lambda: torch.zeros(()).backward(),
    "no kernel": lambda: torch.zeros(3, dtype=torch.complex64).floor(),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_shapes_and_types_raise_is_certain(name: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        ERRORS[name]()

    assert is_certain(raised.value), raised.value


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: an illegal memory access was encountered",
        "[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory",
        "DataLoader worker (pid 12) is killed by signal: Killed.",
        "unable to open shared memory object",
    ],
)
def test_what_machines_raise_is_not(said: str) -> None:
    assert not is_certain(RuntimeError(said))
