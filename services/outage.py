"""Says once that a part is away, and once that it is back, however often it is asked in between."""

from typing import Any

import structlog

log = structlog.get_logger()


class Outage:
    """Whether something is away, as far as this process knows."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.is_on = False

    def began(self, error: str, **members: Any) -> None:
        """Note that it is away; the first time, say so."""
        if not self.is_on:
            log.warning(f"{self.what} is interrupted", error=error, **members)
        self.is_on = True

    def ended(self, **members: Any) -> None:
        """Note that it is there; say so if it was away."""
        if self.is_on:
            log.info(f"{self.what} has resumed", **members)
        self.is_on = False
