"""The bins of a net that was stored."""

from collections.abc import Mapping

import torch
from torch import Tensor

PLACE = "embedding.impl."


def bins_like(weights: Mapping[str, Tensor]) -> list[Tensor] | None:
    """Return, for each number, as many edges as stored weights have; None if they embed no numbers.

    A net that is built with them takes these weights, and the edges themselves come with them.
    """
    found = {name.rpartition(PLACE)[2]: tensor for name, tensor in weights.items() if PLACE in name}
    if not found:
        return None
    numbers, most = found["weight"].shape
    counts = found["mask"].sum(1).tolist() if "mask" in found else [most] * numbers
    return [torch.linspace(0.0, 1.0, int(count) + 1) for count in counts]
