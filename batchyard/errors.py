"""Every error that the client raises on purpose.

BatchyardError
├── ServerUnreachable        no answer, or none in time
├── InvalidTable             rows or columns that can't be sent; also a ValueError
├── APIError                 the server answered with a problem: .status .code .problem .request_id
│   ├── InvalidSpec          .errors, one a pointer
│   ├── NotFound
│   ├── Conflict
│   ├── TooLarge
│   ├── RateLimited
│   ├── Unauthorized
│   ├── ServerError
│   └── UnreadableAnswer     half an answer, or one that is not Batchyard's
│       └── MissingMember    an answer that lacks something, as of another version; also a KeyError
├── JobFailed                .job .error
├── JobCancelled             .job
└── WaitTimeout              .job goes on
"""

from collections.abc import Mapping
from typing import Any


class BatchyardError(Exception):
    """Something went wrong."""


class ServerUnreachable(BatchyardError):
    """No server answers."""


class InvalidTable(BatchyardError, ValueError):
    """These rows can't be sent as they are."""


class APIError(BatchyardError):
    """The server refused a request."""

    def __init__(
        self, message: str, *, status: int = 0, problem: Mapping[str, Any] | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status  #: of HTTP
        self.problem = dict(problem or {})  #: the whole answer (RFC 9457)
        self.code = str(self.problem.get("code", ""))  #: such as `validation_error`
        self.request_id = request_id  #: names the request in the server's log


class InvalidSpec(APIError):
    """What was asked for is not valid."""

    sent: str = ""  #: the name of the file whose content is at fault, if it was one that was sent

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Every fault, each with its pointer."""
        found = self.problem.get("errors")
        return [dict(fault) for fault in found if isinstance(fault, dict)] if isinstance(found, list) else []

    def __str__(self) -> str:
        lines = [f"{self._place(str(fault.get('pointer', '#')))}: {sentence(fault)}" for fault in self.errors]
        return "\n".join(lines) or super().__str__()

    def _place(self, pointer: str) -> str:
        return self.sent if self.sent and pointer == "#/data" else place(pointer)


class NotFound(APIError):
    """It does not exist."""


class Conflict(APIError):
    """The current state does not allow this."""


class TooLarge(APIError):
    """The request is too large."""


class RateLimited(APIError):
    """Too many requests."""


class Unauthorized(APIError):
    """The server wants another key."""


class ServerError(APIError):
    """The server could not do it."""


class UnreadableAnswer(APIError):
    """The answer is incomplete, or not Batchyard's."""


class MissingMember(UnreadableAnswer, KeyError):
    """The answer lacks something that this client needs."""

    def __str__(self) -> str:
        return str(self.args[0])


class JobFailed(BatchyardError):
    """The job failed."""

    def __init__(self, message: str, job: Any, error: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.job = job
        self.error = dict(error)  #: code, message, hint


class JobCancelled(BatchyardError):
    """The job was cancelled."""

    def __init__(self, message: str, job: Any) -> None:
        super().__init__(message)
        self.job = job


class WaitTimeout(BatchyardError, TimeoutError):
    """The job is not done yet; it keeps running."""

    def __init__(self, message: str, job: Any) -> None:
        super().__init__(message)
        self.job = job


def place(pointer: str) -> str:
    """Return a JSON pointer as a reader says it: `#/model/layers/3` is `model.layers[3]`."""
    words = ""
    for part in pointer.removeprefix("#").strip("/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        words += f"[{part}]" if part.isdecimal() and words else f".{part}" if words else part
    return words or "the spec"


def sentence(fault: Mapping[str, Any]) -> str:
    """Return what a fault is, what was probably meant and what to do."""
    words = str(fault.get("detail") or fault.get("message") or "is not valid").rstrip(".")
    words += _where(fault.get("location") or {}, words)
    words += "" if words.endswith("?") else "."
    if fault.get("suggestion") is not None and "did you mean" not in words:
        words += f" Did you mean {fault['suggestion']!r}?"
    if hint := str(fault.get("hint") or ""):
        words += f" {hint[0].upper()}{hint[1:]}"
    return words


def _where(location: Mapping[str, Any], words: str) -> str:
    """Return where in a file a fault is, unless its words say so; a line is what an editor shows, so no row then."""
    known = {key: value for key, value in location.items() if value not in {None, -1}}  # row -1 is the header's
    if f"line {known.get('line')} " in f"{words} ":
        return ""
    named = [f"{key} {known[key]}" for key in ("line" if "line" in known else "row", "column") if key in known]
    return f" ({', '.join(named)})" if named else ""
