"""What is found while a spec is resolved."""

from dataclasses import dataclass, field
from typing import Any

from services.errors import Fault, InvalidRequest


@dataclass
class Findings:
    """The faults and warnings of a spec, collected while it is resolved."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def warn(self, code: str, message: str, pointer: str) -> None:
        """Note what the user should know."""
        self.warnings.append({"code": code, "message": message, "pointer": pointer})

    def check(self) -> None:
        """Refuse the spec if it has faults.

        Raises: InvalidRequest with all of them.
        """
        if self.faults:
            raise InvalidRequest(self.faults)
