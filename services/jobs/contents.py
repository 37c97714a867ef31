"""What the recorder asks of a training: its state between two batches, as bytes and as numbers."""

from collections.abc import Callable
from typing import Any, Protocol

from services.adjustments import Adjustment


class BestSoFar(Protocol):
    """The best epoch of a training."""

    @property
    def epoch(self) -> int | None: ...

    @property
    def value(self) -> float | None: ...


class Contents(Protocol):
    """A training whose state can be turned into bytes between two batches."""

    @property
    def best(self) -> BestSoFar: ...

    @property
    def baseline(self) -> dict[str, Any] | None: ...

    @property
    def warnings(self) -> list[dict[str, Any]]: ...

    @property
    def adjustments(self) -> list[Adjustment]: ...

    @property
    def steps_done(self) -> int: ...

    @property
    def steps_per_epoch(self) -> int: ...

    @property
    def lr(self) -> float: ...

    def keep_best(self) -> None: ...

    def weights(self, epoch: int, value: float | None) -> Callable[[], bytes]: ...

    def last_bytes(self) -> bytes: ...

    def measure_test(self) -> dict[str, Any] | None: ...
