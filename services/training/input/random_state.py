"""The random numbers that code of others draws: of generators that everybody shares, and yet the same every time."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def apart() -> Iterator[None]:
    """Leave the generators of torch (CPU), NumPy and Python as they were: torch's belongs to the model."""
    kept = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(kept[0])
        np.random.set_state(kept[1])
        random.setstate(kept[2])


def begin(*numbers: int) -> None:
    """Set the three generators to where these numbers say."""
    start = int.from_bytes(hashlib.sha256(repr(numbers).encode()).digest()[:4])
    torch.default_generator.manual_seed(start)  # `torch.manual_seed` would set the GPU's as well
    np.random.seed(start)
    random.seed(start)
