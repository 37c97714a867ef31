"""Where rows wait for their step: on the GPU where they fit, else in memory that it copies from while it computes."""

from torch import Tensor, cuda, device

from services.training.input.block_batches import Encode
from services.training.input.rows import Rows

SHARE = 0.5  #: of the GPU's free memory; the rest is for weights, gradients and what a step computes


def placed(features: Tensor, targets: Tensor, place: device) -> Rows:
    """Return rows in memory as those of a device; a batch of them is gathered where they are.

    Shapes: features (rows, ...), targets (rows, ...).
    """
    if place.type != "cuda":
        return Rows(features, targets)
    free, _ = cuda.mem_get_info(place)
    if features.nbytes + targets.nbytes <= SHARE * free:
        return Rows(features.to(place), targets.to(place))
    return Rows(features, targets, pinned=True)


def pinned(encode: Encode, place: device) -> Encode:
    """Return an encoding of blocks whose results a GPU copies by itself."""
    if place.type != "cuda":
        return encode
    return lambda cells: tuple(part.pin_memory() for part in encode(cells))  # type: ignore[return-value]
