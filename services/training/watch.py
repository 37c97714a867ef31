"""Batches that look up before each step whether the training is to stop there."""

from collections.abc import Callable, Iterator

from torch import Tensor

from services.errors import Wished
from services.training.loop import Batches


def watched(batches: Batches, wish: Callable[[], str | None]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the same batches. `wish` looks at a flag that a signal sets, at no database and no clock.

    Raises: Wished with the wish's name, between two steps.
    """
    for batch in batches:
        if wished := wish():
            raise Wished(wished)
        yield batch
