"""What others may read of the caller's, and the caller of others'."""
# Generated from batchyard/aio/shares.py by `make client`: change that file.

from typing import Any

from batchyard.raw import Raw
from batchyard.transport import Transport


class Shares:
    """The shares of a server. What is shared can be read and predicted with, and never changed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def with_raw_response(self) -> Raw:
        """The same methods, each of which returns its result with the answer of the server."""
        return Raw(self)

    def create(
        self, reader: str, *, job: str | None = None, dataset: str | None = None, model: str | None = None
    ) -> dict[str, Any]:
        """Share one thing with another owner, or with all: `*`.

        A job and a data set are named by their ids, a model by its name.

        Raises: NotFound; InvalidSpec.
        """
        named = {"job": job, "dataset": dataset, "model": model}
        sent = {"reader": reader} | {kind: thing for kind, thing in named.items() if thing is not None}
        found: dict[str, Any] = self._transport.json("POST", "/api/v1/shares", json=sent)
        return found

    def list(self) -> list[dict[str, Any]]:
        """Return what the caller shares and what others share with the caller, newest first."""
        return list((self._transport.json("GET", "/api/v1/shares"))["data"])

    def delete(self, share: str) -> None:
        """Share it no more.

        Raises: NotFound.
        """
        self._transport.request("DELETE", f"/api/v1/shares/{share}")
