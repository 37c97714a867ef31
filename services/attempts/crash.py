"""What a supervisor saw of a trainer that ended without writing an end."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Crash:
    """The end of a trainer, as its job shows it."""

    code: str
    message: str
    hint: str | None = None
    log_tail: list[str] = field(default_factory=list)  #: the last lines that it wrote

    def as_error(self) -> dict[str, Any]:
        """Return the `error` of the job."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "log_tail": self.log_tail}
