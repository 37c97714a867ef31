"""Job: a training that goes on elsewhere, as a future."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from batchyard import answers, predictions
from batchyard.aio import streams
from batchyard.aio.transport import Transport
from batchyard.answers import BestEpoch, Event, Exported
from batchyard.curves import job_html
from batchyard.errors import JobCancelled, JobFailed, ServerUnreachable, WaitTimeout

POLL_S = 25  #: how long one request waits for news
AWAY_S = 60.0  #: how long a server may be away while it is waited for


class Job:
    """One request to train one model. What it shows is what was read last; `refresh` reads it again."""

    def __init__(self, transport: Transport, data: dict[str, Any]) -> None:
        self._transport = transport
        self._etag: str | None = None
        self._seen: dict[str, list[Any]] = {}
        self.data = data  #: the whole answer

    @property
    def id(self) -> str:
        """The id, `job_…`."""
        return str(self.data["id"])

    @property
    def name(self) -> str:
        """The name."""
        return str(self.data["name"])

    @property
    def status(self) -> str:
        """The state when it was read last: queued, running, succeeded, failed, cancelled …"""
        return str(self.data["status"])

    @property
    def spec(self) -> dict[str, Any]:
        """The spec with everything decided; submitting it again trains the same."""
        return dict(self.data["spec"])

    @property
    def best(self) -> BestEpoch | None:
        """The best epoch so far."""
        return answers.best_of(self.data.get("best"))

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it failed: code, message, hint."""
        found: dict[str, Any] | None = self.data.get("error")
        return found

    async def refresh(self) -> "Job":
        """Read the job again."""
        answer = await self._transport.request("GET", self._path)
        self._read(answer)
        return self

    async def done(self) -> bool:
        """Return whether it has ended, however."""
        if not self.data["done"]:
            await self.refresh()
        return bool(self.data["done"])

    async def changes(self, timeout: float | None = None) -> AsyncIterator["Job"]:
        """Yield the job now and after each change until it is done; a server that is away for a while is waited for.

        Raises: WaitTimeout; ServerUnreachable when it stays away.
        """
        began = seen = time.monotonic()
        attempt = 0
        yield self
        while not self.data["done"]:
            left = POLL_S if timeout is None else timeout - (time.monotonic() - began)
            if left <= 0:
                raise WaitTimeout(
                    f"{self.name} ({self.id}) is {self.status} after {timeout:g} s; it keeps running.", self
                )
            wait = max(1, min(POLL_S, int(left)))
            known = {"If-None-Match": self._etag} if self._etag else {}
            try:
                answer = await self._transport.request(
                    "GET", self._path, headers={"Prefer": f"wait={wait}", **known}, timeout_s=wait + 20
                )
            except ServerUnreachable:
                if time.monotonic() - seen > AWAY_S:
                    raise
                attempt += 1
                await asyncio.sleep(min(0.5 * 2**attempt, 5.0))
                continue
            seen, attempt = time.monotonic(), 0
            if answer.status_code == 200:
                self._read(answer)
                yield self

    async def wait(self, timeout: float | None = None) -> "Job":
        """Wait until it has ended, however, and return it.

        Raises: WaitTimeout; the job goes on.
        """
        async for _ in self.changes(timeout):
            pass
        return self

    async def result(self, timeout: float | None = None) -> "Job":
        """Wait until it has succeeded and return it.

        Raises: JobFailed; JobCancelled; WaitTimeout.
        """
        await self.wait(timeout)
        if self.status == "failed":
            error = self.error or {}
            hint = f" {error['hint']}" if error.get("hint") else ""
            raise JobFailed(f"{self.name} failed: {error.get('message', 'no reason was given')}{hint}", self, error)
        if self.status == "cancelled":
            raise JobCancelled(f"{self.name} was cancelled.", self)
        return self

    async def cancel(self, reason: str | None = None) -> "Job":
        """Cancel: at once if it waits, at its next batch if it trains.

        Raises: Conflict when it has ended.
        """
        return await self._asked("cancel", {"reason": reason} if reason else {})

    async def pause(self) -> "Job":
        """Pause at the next batch; its worker is free then."""
        return await self._asked("pause", {})

    async def resume(self) -> "Job":
        """Queue a paused job again; it ends with the same bits as if it had never been paused."""
        return await self._asked("resume", {})

    async def retry(self, *, name: str | None = None, suggestion: bool = False, **changes: Any) -> "Job":
        """Submit the spec again as a new job, changed by a merge patch or as the error suggests; return the new job."""
        body: dict[str, Any] = {"spec": changes} | ({"name": name} if name else {})
        body |= {"apply": "suggestion"} if suggestion else {}
        answer = await self._transport.json("POST", f"{self._path}/retry", json=body, keyed=True)
        return Job(self._transport, answer)

    async def change(self, **changes: Any) -> "Job":
        """Change name, priority, tags or metadata."""
        self.data = await self._transport.json("PATCH", self._path, json=changes)
        return self

    async def delete(self, *, force: bool = False) -> None:
        """Delete it with all that it stored; with `force` even if it trains."""
        await self._transport.request("DELETE", self._path, params={"force": "true"} if force else None)

    async def epochs(self, after_epoch: int = 0, max_points: int | None = None) -> dict[str, list[Any]]:
        """Return costs and metrics of the epochs as lists by column."""
        params = {"after_epoch": after_epoch} | ({"max_points": max_points} if max_points else {})
        found = await self._transport.json("GET", f"{self._path}/metrics", params=params)
        table = answers.table_by_columns(found["columns"], found["data"])
        if not after_epoch:
            self._seen = table
        return table

    async def metrics(self) -> Any:
        """Return costs and metrics of the epochs: a data frame if the program uses pandas, else lists by column."""
        return answers.frame(await self.epochs())

    async def costs(self) -> list[tuple[int, float, float | None]]:
        """Return (epoch, train_cost, val_cost) of every epoch."""
        found = await self.epochs()
        validated = found.get("val_cost") or [None] * len(found["epoch"])
        return list(zip(found["epoch"], found["train_cost"], validated, strict=True))

    async def batches(self, epoch: int) -> list[float]:
        """Return the cost of every batch of an epoch."""
        found = await self._transport.json("GET", f"{self._path}/batches", params={"epoch": epoch})
        return [float(row[1]) for row in found["data"]]

    async def system(self) -> dict[str, list[Any]]:
        """Return how much processor, memory and GPU the trainer took over time, as lists by column."""
        found = await self._transport.json("GET", f"{self._path}/system")
        return answers.table_by_columns(found["columns"], found["data"])

    def events(self, after: int = 0) -> AsyncIterator[Event]:
        """Yield events as they come, until the job has ended; a dropped connection goes on where it broke."""
        return streams.events(self._transport, self._path, after)

    async def logs(self, tail: int | None = None, *, timestamps: bool = False) -> str:
        """Return the log as text."""
        params = ({"tail": tail} if tail else {}) | ({"timestamps": "true"} if timestamps else {})
        return (await self._transport.request("GET", f"{self._path}/logs", params=params)).text

    async def checkpoints(self) -> list[dict[str, Any]]:
        """Return the checkpoints that are kept."""
        return list((await self._transport.json("GET", f"{self._path}/checkpoints"))["data"])

    async def export(
        self,
        format: str = "safetensors",
        path: str | Path | None = None,
        *,
        checkpoint: str = "best",
        progress: Any = None,
    ) -> Path:
        """Download the model in a format, or the curves for TensorBoard, and return where the file is.

        `safetensors` (the checkpoint), `state_dict`, `onnx`, `torch_export`, `mlflow`, `bundle`, `tensorboard`.
        Raises: InvalidSpec for another format, or one that the model can't be given in; Conflict when there is no
        checkpoint.
        """
        if format == "tensorboard":
            from batchyard import tensorboard

            return tensorboard.write(Path(path or f"{self.name}-tensorboard"), await self.epochs(), self.data)
        if format != "safetensors":
            return (await self.exported(format, path, checkpoint=checkpoint)).path
        found = await self._transport.json("GET", f"{self._path}/checkpoints/{checkpoint}")
        target = Path(path or f"{self.name}-e{found['epoch']}.safetensors")
        await streams.download(
            self._transport, f"{self._path}/checkpoints/{found['id']}/content", target, found, progress
        )
        return target

    async def exported(self, format: str, path: str | Path | None = None, *, checkpoint: str = "best") -> Exported:
        """Download the model in a format as soon as it is built; return also how far it is from the stored one."""
        params = {"format": format, "checkpoint": checkpoint}
        return await streams.exported(self._transport, f"{self._path}/export", params, Path(path) if path else None)

    async def card(self, *, checkpoint: str = "best") -> str:
        """Return the model card, in Markdown."""
        answer = await self._transport.request("GET", f"{self._path}/card", params={"checkpoint": checkpoint})
        return answer.text

    async def predict(self, rows: Any, *, checkpoint: str = "best") -> Any:
        """Return predictions as the kind that the rows came as; columns are found by name and put in order.

        Raises: InvalidTable naming columns that are missing; Conflict when there is no checkpoint yet.
        """
        asked = predictions.Asked(rows, self.spec)
        return asked.labels([await self._answered(piece, checkpoint) for piece in asked.pieces()])

    async def predict_proba(self, rows: Any, *, checkpoint: str = "best") -> Any:
        """Return the probability of each class, in the order of `classes`, as the kind that the rows came as."""
        asked = predictions.Asked(rows, self.spec)
        return asked.probabilities([await self._answered(piece, checkpoint) for piece in asked.pieces()])

    async def predicted(self, body: dict[str, Any], *, checkpoint: str = "best") -> answers.Predicted:
        """Return the answer to `{"x": …}` or `{"records": …}` with classes and probabilities."""
        return predictions.predicted(await self._answered(body, checkpoint))

    async def watch(self, *, timeout: float | None = None) -> "Job":
        """Show progress until it has ended: one output in a notebook, a line an epoch elsewhere. Ctrl-C detaches."""
        from batchyard.showing import Showing

        showing = Showing()
        try:
            async for _ in self.changes(timeout):
                showing.show(self, await self.epochs(after_epoch=showing.last_epoch))
        except KeyboardInterrupt:
            showing.detached(self)
        self._seen = showing.columns or self._seen
        return self

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # A picture of what was read: to show a value must not ask a server.
        return {"text/plain": repr(self), "text/html": job_html(self.data, self._seen)}

    def __repr__(self) -> str:
        best = f", best {self.best.metric} {self.best.value:.4g}" if self.best else ""
        return f"<Job {self.name} {self.id}: {self.status}{best}>"

    @property
    def _path(self) -> str:
        return f"/api/v1/jobs/{self.id}"

    async def _answered(self, body: dict[str, Any], checkpoint: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._transport.json(
            "POST", f"{self._path}/predict", json=body, params={"checkpoint": checkpoint}, repeatable=True
        )
        return found

    async def _asked(self, verb: str, body: dict[str, Any]) -> "Job":
        self.data = await self._transport.json("POST", f"{self._path}/{verb}", json=body)
        self._etag = None
        return self

    def _read(self, answer: Any) -> None:
        from batchyard import problems

        self.data = problems.parsed(answer.content, self._transport.url)
        self._etag = answer.headers.get("ETag")
