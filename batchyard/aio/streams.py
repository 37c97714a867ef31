"""Answers that come piece by piece: events, and files."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator, Mapping
from email.message import Message
from pathlib import Path
from typing import Any

import httpx2

from batchyard import answers, retries
from batchyard.aio.transport import Transport
from batchyard.answers import Event, Exported
from batchyard.errors import ServerUnreachable, UnreadableAnswer

PAUSE_S, TRIES = 1.0, 30


async def events(transport: Transport, path: str, after: int) -> AsyncIterator[Event]:
    """Yield a job's events after a number, as they come, until its last.

    Raises: ServerUnreachable when the server stays away.
    """
    failed = 0
    while True:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        try:
            async with transport.stream(f"{path}/events", headers=headers) as answer:
                if answer.status_code == 204:
                    return
                async for message in httpx2.EventSource(answer):
                    if not message.data:  # how long to wait before coming back
                        continue
                    event = answers.event_of(message.json())  # type: ignore[arg-type]
                    after, failed = event.seq, 0
                    yield event
                    if event.type == "end":
                        return
        except (ServerUnreachable, UnreadableAnswer):
            failed += 1
            if failed > TRIES:
                raise
            await asyncio.sleep(PAUSE_S)


async def download(transport: Transport, path: str, target: Path, found: Mapping[str, Any], progress: Any) -> None:
    """Write bytes to a file that is there only when it is whole.

    Raises: UnreadableAnswer when what came is not what was promised.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        async with transport.stream(path) as answer:
            with open(draft, "wb") as file:
                async for block in answer.aiter_bytes():
                    file.write(block)
                    digest.update(block)
                    if progress:
                        progress(file.tell(), int(found["size_bytes"]))
        if digest.hexdigest() != found["sha256"]:
            raise UnreadableAnswer("The download is damaged. Run the command again.")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


async def exported(transport: Transport, path: str, params: Mapping[str, str], target: Path | None) -> Exported:
    """Wait until an export is built and write it to a file, by default under the name that the server gives it.

    Raises: APIError; UnreadableAnswer when what came is not what was promised.
    """
    while True:
        async with transport.stream(path, params=params) as answer:
            if answer.status_code == 200:
                message = Message()
                message["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
                home = target or Path(Path(message.get_filename("export")).name)
                promised = answer.headers.get("Repr-Digest", "").removeprefix("sha-256=:").removesuffix(":")
                await _kept(answer, home, promised)
                about = answer.headers
                return Exported(home, float(about["X-Export-Max-Difference"]), int(about["X-Export-Rows"]))
            await answer.aread()
            pause = retries.pause_s(0, answer.headers.get("Retry-After"))
        await asyncio.sleep(pause)


async def _kept(answer: httpx2.Response, target: Path, promised: str) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with open(draft, "wb") as file:
            async for block in answer.aiter_bytes():
                file.write(block)
                digest.update(block)
        if base64.b64encode(digest.digest()).decode() != promised:
            raise UnreadableAnswer("The download is damaged. Try again.")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
