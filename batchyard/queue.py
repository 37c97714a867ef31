"""What waits and who works."""
# Generated from batchyard/aio/queue.py by `make client`: change that file.

from typing import Any
from urllib.parse import quote

from batchyard.raw import Raw
from batchyard.transport import Transport


class Queue:
    """The queues of a server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def with_raw_response(self) -> Raw:
        """The same methods, each of which returns its result with the answer of the server."""
        return Raw(self)

    def get(self) -> dict[str, Any]:
        """Return what is waiting and running, when it is likely to start and finish, and the workers."""
        found: dict[str, Any] = self._transport.json("GET", "/api/v1/queue")
        return found

    def pause(self) -> dict[str, Any]:
        """Start no more waiting jobs, of any owner, until `resume`; running ones continue. Return the queue."""
        found: dict[str, Any] = self._transport.json("POST", "/api/v1/queue/pause")
        return found

    def resume(self) -> dict[str, Any]:
        """Let waiting jobs start again; return the queue."""
        found: dict[str, Any] = self._transport.json("POST", "/api/v1/queue/resume")
        return found


class Workers:
    """The workers of a server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def with_raw_response(self) -> Raw:
        """The same methods, each of which returns its result with the answer of the server."""
        return Raw(self)

    def list(self) -> list[dict[str, Any]]:
        """Return the workers that showed signs of life lately."""
        return list((self._transport.json("GET", "/api/v1/workers"))["data"])

    def drain(self, worker_id: str) -> dict[str, Any]:
        """Let a worker finish what it is running and take no more jobs; return it."""
        return self._told(worker_id, "drain")

    def undrain(self, worker_id: str) -> dict[str, Any]:
        """Let a drained worker take jobs again; return it."""
        return self._told(worker_id, "undrain")

    def _told(self, worker_id: str, verb: str) -> dict[str, Any]:
        path = f"/api/v1/workers/{quote(worker_id, safe='')}/{verb}"
        found: dict[str, Any] = self._transport.json("POST", path)
        return found
