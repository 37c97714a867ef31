"""The bodies of requests: they come in on the event loop, with a least rate and a deadline; no thread is held."""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from typing import Any

from api.permits import aside
from services.errors import BadRequest, SlowBody
from services.settings import Settings

Receive = Callable[[], Awaitable[dict[str, Any]]]

WHOLE = "batchyard.body"  #: in the environ: the body, where it was complete before a thread took the request
BUFFERED_BYTES = 1 << 16  #: a body of so many bytes is complete before a thread takes the request
DRAINED_BYTES, DRAINED_S = 1 << 22, 2.0  #: what of an unread body is still taken, so that its client reads the answer


class Body:
    """The body of one request as it comes in. Lives on the event loop."""

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self.receive = receive
        self.settings = settings
        self.deadline = time.monotonic() + settings.body_deadline_s
        self.held = bytearray()  #: received and not read yet
        self.ended = False
        self.failed = False  #: it came too slowly or broke off; the rest is not waited for
        self.window_began, self.window_bytes = time.monotonic(), 0

    async def fill(self, size: int) -> None:
        """Receive until so many bytes are held, or the body ends.

        Raises: SlowBody, BadRequest when the client is gone before the end.
        """
        # The clock stood still for the client while we did not listen.
        self.window_began, self.window_bytes = time.monotonic(), 0
        while not self.ended and len(self.held) < size:
            try:
                message = await self._message()
                if message["type"] != "http.request":
                    raise BadRequest("The body ended early.")
            except (SlowBody, BadRequest):
                self.failed = True
                raise
            self.held += message.get("body", b"")
            self.window_bytes += len(message.get("body", b""))
            self.ended = not message.get("more_body", False)

    async def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; none at the end.

        Raises: SlowBody, BadRequest.
        """
        await self.fill(size)
        found = bytes(self.held[:size])
        del self.held[:size]
        return found

    async def drain(self) -> None:
        """Take in and forget some of the rest: a connection closed on a client that still sends loses the answer."""
        taken = 0
        if self.failed:
            return
        try:
            async with asyncio.timeout(DRAINED_S):
                while not self.ended and taken < DRAINED_BYTES:
                    message = await self.receive()
                    taken += len(message.get("body", b""))
                    self.ended = not message.get("more_body", False)
        except TimeoutError:
            return

    async def _message(self) -> dict[str, Any]:
        settings = self.settings
        now = time.monotonic()
        window_ends = self.window_began + settings.body_window_s
        if now >= window_ends:
            if self.window_bytes < settings.body_min_bytes_per_s * settings.body_window_s:
                raise SlowBody(
                    f"Fewer than {settings.body_min_bytes_per_s} bytes/s arrived in {settings.body_window_s:g} s.",
                    least_bytes_per_second=settings.body_min_bytes_per_s,
                )
            self.window_began, self.window_bytes, window_ends = now, 0, now + settings.body_window_s
        try:
            async with asyncio.timeout(min(window_ends, self.deadline) - now):
                return await self.receive()
        except TimeoutError:
            if time.monotonic() < self.deadline:
                return await self._message()
            raise SlowBody(
                f"The body was not complete after {settings.body_deadline_s:g} s.",
                deadline_seconds=settings.body_deadline_s,
            ) from None


class BodyInput(io.RawIOBase):
    """What the thread of a request with a large body reads: every piece comes over from the event loop."""

    def __init__(self, body: Body, loop: asyncio.AbstractEventLoop) -> None:
        self.body = body
        self.loop = loop

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into a buffer; return how many.

        Raises: SlowBody, BadRequest.
        """
        with aside():
            piece = asyncio.run_coroutine_threadsafe(self.body.read(len(buffer)), self.loop).result()
        buffer[: len(piece)] = piece
        return len(piece)
