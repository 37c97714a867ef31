"""What a method returns, together with the answer that it was made of."""
# Generated from batchyard/aio/raw.py by `make client`: change that file.

import inspect
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class RawAnswer:
    """The result of a call, and the last answer of the server that it needed."""

    result: Any
    answer: httpx2.Response

    @property
    def status(self) -> int:
        """The status of HTTP."""
        return self.answer.status_code

    @property
    def headers(self) -> httpx2.Headers:
        """The headers, such as `X-Request-Id` and `ETag`."""
        return self.answer.headers


class Raw:
    """The same methods as those of what it is made of; each returns a RawAnswer."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any, **named: Any) -> RawAnswer:
            transport = self._resource._transport.recording()
            result = getattr(type(self._resource)(transport), name)(*values, **named)
            if inspect.isawaitable(result):
                result = result
            return RawAnswer(result, transport.answers[-1])

        if name.startswith("_"):
            raise AttributeError(name)
        return call
