"""Looks up whether the training is to stop: before each step, and before each batch that is measured."""

from collections.abc import Callable, Iterator

from torch import Tensor

from services.training.loop.loop import Batches
from services.training_errors import Wished


def look(wish: Callable[[], str | None]) -> None:
    """Ask for a wish. `wish` looks at a flag that a signal sets, at no database and no clock.

    Raises: Wished with the wish's name.
    """
    if wished := wish():
        raise Wished(wished)


def watched(batches: Batches, wish: Callable[[], str | None]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the same batches, and look before each.

    Raises: Wished with the wish's name, between two steps.
    """
    for batch in batches:
        look(wish)
        yield batch
