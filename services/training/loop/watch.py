"""Checks whether the training is to stop: before each step, and before each batch that is measured."""

from collections.abc import Callable, Iterator

from torch import Tensor

from services.training.loop.loop import Batches
from services.training_errors import StopRequested


def check(stop_requested: Callable[[], str | None]) -> None:
    """Stop if a stop was requested. `stop_requested` reads a flag that a signal sets, no database and no clock.

    Raises: StopRequested with the name of the request.
    """
    if request := stop_requested():
        raise StopRequested(request)


def watched(batches: Batches, stop_requested: Callable[[], str | None]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the same batches, and check before each.

    Raises: StopRequested with the name of the request, between two steps.
    """
    for batch in batches:
        check(stop_requested)
        yield batch
