"""Predictions of every row of a data set, computed by the server's workers."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from batchyard.aio import streams
from batchyard.aio.pages import items
from batchyard.aio.transport import Transport
from batchyard.errors import JobCancelled, JobFailed, WaitTimeout

PATH = "/api/v1/predictions"
POLL_S = (0.1, 2.0)  #: the first pause between two looks, and the longest


class BatchPrediction:
    """A batch prediction that was queued; `data` is what the server said last."""

    def __init__(self, transport: Transport, data: dict[str, Any]) -> None:
        self._transport = transport
        self.data = data

    @property
    def id(self) -> str:
        """The id."""
        return str(self.data["id"])

    @property
    def status(self) -> str:
        """queued, running, cancelling, succeeded, failed or cancelled."""
        return str(self.data["status"])

    @property
    def rows_done(self) -> int:
        """How many rows are stored."""
        return int(self.data["progress"]["rows"])

    async def refresh(self) -> "BatchPrediction":
        """Read it again."""
        self.data = await self._transport.json("GET", f"{PATH}/{self.id}")
        return self

    async def changes(self, timeout: float | None = None) -> AsyncIterator["BatchPrediction"]:
        """Yield it now and after each look until it is done.

        Raises: WaitTimeout; it goes on.
        """
        began, pause = time.monotonic(), POLL_S[0]
        yield self
        while not self.data["done"]:
            if timeout is not None and time.monotonic() - began + pause > timeout:
                raise WaitTimeout(f"{self.id} is {self.status} after {timeout:g} s; it keeps running.", self)
            await asyncio.sleep(pause)
            pause = min(2 * pause, POLL_S[1])
            await self.refresh()
            yield self

    async def result(self, timeout: float | None = None) -> "BatchPrediction":
        """Wait until it has succeeded and return it.

        Raises: JobFailed; JobCancelled; WaitTimeout.
        """
        async for _ in self.changes(timeout):
            pass
        if self.status == "failed":
            error = self.data.get("error") or {}
            raise JobFailed(f"{self.id} failed: {error.get('message', 'no reason was given')}", self, error)
        if self.status == "cancelled":
            raise JobCancelled(f"{self.id} was cancelled.", self)
        return self

    async def download(self, path: str | Path | None = None, *, progress: Any = None) -> Path:
        """Download the output to a file, and return where it is.

        Raises: Conflict when it has none; UnreadableAnswer when what came is not what was promised.
        """
        if not self.data["done"]:
            await self.refresh()
        target = Path(path or f"{self.id}.{self.data['format']}")
        await streams.download(self._transport, f"{PATH}/{self.id}/content", target, self.data, progress)
        return target

    async def cancel(self) -> "BatchPrediction":
        """Cancel: at once if it waits, after the rows in hand if it runs.

        Raises: Conflict when it has ended.
        """
        self.data = await self._transport.json("POST", f"{PATH}/{self.id}/cancel")
        return self

    async def delete(self, *, force: bool = False) -> None:
        """Delete it with its output; with `force` even if it runs."""
        await self._transport.request("DELETE", f"{PATH}/{self.id}", params={"force": "true"} if force else None)

    def __repr__(self) -> str:
        progress = self.data["progress"]
        return f"<BatchPrediction {self.id}: {self.status}, {progress['rows']} of {progress['total_rows']} rows>"


class BatchPredictions:
    """Queue, list and read batch predictions."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        dataset: str,
        job: str | None = None,
        model: str | None = None,
        version: int | None = None,
        checkpoint: str | None = None,
        format: str = "csv",
    ) -> BatchPrediction:
        """Queue the prediction of every row of a data set, by a job or a registered model (`name` or `name@alias`).

        Raises: InvalidSpec naming columns that are missing; Conflict when there is no checkpoint yet.
        """
        given = {"job": job, "model": model, "version": version, "checkpoint": checkpoint}
        body = {"dataset": dataset, "format": format, **{name: value for name, value in given.items() if value}}
        return BatchPrediction(self._transport, await self._transport.json("POST", PATH, json=body, keyed=True))

    async def get(self, prediction_id: str) -> BatchPrediction:
        """Return a batch prediction.

        Raises: NotFound.
        """
        found = await self._transport.json("GET", f"{PATH}/{quote(prediction_id, safe='')}")
        return BatchPrediction(self._transport, found)

    def list(self) -> AsyncIterator[BatchPrediction]:
        """Yield batch predictions, newest first; pages are read as they are needed."""
        return self._listed()

    async def _listed(self) -> AsyncIterator[BatchPrediction]:
        async for entry in items(self._transport, PATH, {}):
            yield BatchPrediction(self._transport, entry)
