"""Requests that are sent again when that is safe, and answers that are errors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2

from batchyard import configuration as outside
from batchyard import problems, retries
from batchyard.closing import close_with
from batchyard.configuration import Configuration
from batchyard.errors import APIError, ServerUnreachable, UnreadableAnswer

SAFE = {"GET", "HEAD", "PUT", "DELETE"}


class Transport:
    """Speaks to one server. A request that may be repeated is, with the same Idempotency-Key each time."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        timeout_s: float,
        max_retries: int,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.configuration = configuration
        self.url = configuration.url
        self.timeout_s = timeout_s
        self.max_retries = max_retries
        self.answers: list[httpx2.Response] | None = None  #: kept where somebody wants to see them
        headers = {"Authorization": f"Bearer {configuration.api_key}"} if configuration.api_key else {}
        self.http = httpx2.AsyncClient(
            base_url=self.url, headers=headers, timeout=httpx2.Timeout(timeout_s, connect=10.0), transport=transport
        )
        close_with(self, self.http)

    def __getstate__(self) -> dict[str, Any]:
        # A key never goes into a pickle: it is read from the environment again.
        return {"url": self.url, "timeout_s": self.timeout_s, "max_retries": self.max_retries}

    def __setstate__(self, state: dict[str, Any]) -> None:
        found = outside.configuration(state["url"])
        Transport.__init__(self, found, timeout_s=state["timeout_s"], max_retries=state["max_retries"])

    async def json(self, method: str, path: str, **how: Any) -> Any:
        """Return the JSON of an answer.

        Raises: APIError; ServerUnreachable.
        """
        answer = await self.request(method, path, **how)
        return problems.parsed(answer.content, self.url)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: Callable[[], Any] | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        keyed: bool = False,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
    ) -> httpx2.Response:
        """Send a request, again if that is safe; `content` makes the body anew for each attempt.

        Raises: APIError; ServerUnreachable.
        """
        sent = dict(headers or {})
        if keyed or idempotency_key:
            sent["Idempotency-Key"] = idempotency_key or str(uuid4())
        safe = method in SAFE or "Idempotency-Key" in sent if repeatable is None else repeatable
        how: dict[str, Any] = {"json": json, "params": params, "headers": sent}
        if timeout_s is not None:
            how["timeout"] = httpx2.Timeout(timeout_s, connect=10.0)
        attempt = 0
        while True:
            try:
                answer = await self.http.request(method, path, content=content() if content else None, **how)
            except httpx2.InvalidURL as error:
                raise ServerUnreachable(f"{self.url} is not an address: {error}. Set BATCHYARD_URL.") from error
            except httpx2.RequestError as error:
                if attempt >= self.max_retries or not _may_repeat(error, safe=safe):
                    raise self.unreachable(error) from error
                await asyncio.sleep(retries.pause_s(attempt))
            else:
                if answer.status_code < 400:
                    return self._kept(answer)
                # These statuses say that nothing was done, so any request may come again.
                if answer.status_code not in retries.STATUSES or attempt >= self.max_retries:
                    raise self.error(answer.status_code, answer.headers, answer.content, path)
                await asyncio.sleep(retries.pause_s(attempt, answer.headers.get("Retry-After")))
            attempt += 1

    @asynccontextmanager
    async def stream(
        self, path: str, *, headers: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Open an answer that comes piece by piece.

        Raises: APIError; ServerUnreachable.
        """
        try:
            async with self.http.stream("GET", path, headers=dict(headers or {}), params=params) as answer:
                if answer.status_code >= 400:
                    raise self.error(answer.status_code, answer.headers, await answer.aread(), path)
                yield answer
        except httpx2.RequestError as error:
            raise self.unreachable(error) from error

    def _kept(self, answer: httpx2.Response) -> httpx2.Response:
        if self.answers is not None:
            self.answers.append(answer)
        return answer

    def recording(self) -> "Transport":
        """Return the same transport, over the same connections, that keeps the answers."""
        same = object.__new__(Transport)
        vars(same).update(vars(self) | {"answers": []})
        return same

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    def error(self, status: int, headers: Mapping[str, str], body: bytes, path: str) -> APIError:
        """Return the error of an answer."""
        return problems.error_of(status, headers, body, self.url, path)

    def unreachable(self, error: httpx2.RequestError) -> ServerUnreachable | UnreadableAnswer:
        """Return the sentence for a request without an answer."""
        if isinstance(error, httpx2.RemoteProtocolError | httpx2.DecodingError):
            return UnreadableAnswer(problems.not_ours(self.url))
        if isinstance(error, httpx2.TimeoutException):
            return ServerUnreachable(
                f"{self.url} did not answer in time. Check it with batchyard doctor, or raise --timeout."
            )
        if isinstance(error, httpx2.UnsupportedProtocol):
            return ServerUnreachable(f"{self.url} is not an http:// or https:// address. Set BATCHYARD_URL.")
        return ServerUnreachable(
            f"No server at {self.url}. Start one: make up (from a checkout) or docker compose up -d; "
            "or say where it is with --server or BATCHYARD_URL."
        )


def _may_repeat(error: httpx2.RequestError, *, safe: bool) -> bool:
    """Return whether a request that got no answer may be sent again."""
    if isinstance(error, httpx2.ReadTimeout):
        return False  # who hangs once would hang again: waiting thrice helps nobody
    return safe or isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)  # these never arrived
