"""Registered models: versions, and the aliases that point to them."""
# Generated from batchyard/aio/models.py by `make client`: change that file.

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from batchyard import predictions
from batchyard.pages import items
from batchyard.transport import Transport

PATH = "/api/v1/models"


class Model:
    """A registered model; `data` is what the server said last."""

    def __init__(self, transport: Transport, data: dict[str, Any]) -> None:
        self._transport = transport
        self.data = data

    @property
    def name(self) -> str:
        """The name."""
        return str(self.data["name"])

    @property
    def versions(self) -> list[dict[str, Any]]:
        """Its versions, newest first: job, checkpoint, metrics and the SHA-256 of the weights of each."""
        return list(self.data["versions"])

    @property
    def aliases(self) -> dict[str, int]:
        """The version that each alias points to."""
        return {entry["alias"]: int(entry["version"]) for entry in self.data["aliases"]}

    def refresh(self) -> "Model":
        """Read it again."""
        self.data = self._transport.json("GET", self._path)
        return self

    def register(self, job: str, *, checkpoint: str = "best") -> dict[str, Any]:
        """Register a checkpoint of a job as the next version and return the version.

        Raises: NotFound; Conflict when there is no checkpoint yet.
        """
        found = _registered(self._transport, self.name, job, checkpoint)
        self.refresh()
        return found

    def move(self, alias: str, version: int, *, seen: str | None = None, **gate: Any) -> str:
        """Point an alias to a version, and return the alias's ETag; with `seen`, only if it still has that ETag.

        `gate=True` refuses a version that is worse on rows that neither has trained on, by more than `margin`;
        `force=True` with a `reason` moves it all the same.
        Raises: Conflict with the gate's report; NotFound; APIError 412 when the alias was moved since.
        """
        headers = {"If-Match": seen} if seen else None
        body = {"version": version, **gate}
        answer = self._transport.request("PUT", self._alias(alias), json=body, headers=headers, repeatable=True)
        self.refresh()
        return str(answer.headers["ETag"])

    def history(self, alias: str) -> list[dict[str, Any]]:
        """Return the moves of an alias, newest first, with reasons and what the gate found."""
        found = self._transport.json("GET", f"{self._alias(alias)}/history")
        return list(found["data"])

    def delete_alias(self, alias: str) -> None:
        """Delete an alias; its history stays."""
        self._transport.request("DELETE", self._alias(alias))
        self.refresh()

    def delete_version(self, version: int) -> None:
        """Delete a version; its number is not used again.

        Raises: Conflict while an alias points to it.
        """
        self._transport.request("DELETE", f"{self._path}/versions/{version}")
        self.refresh()

    def predict(self, rows: Any, *, alias: str | None = None, version: int | None = None) -> Any:
        """Return predictions as the kind that the rows came as: by the newest version, an alias or a version.

        Columns go by their names: which model answers is decided when it does.
        """
        asked = predictions.Asked(rows, {})
        return asked.labels([self._answered(piece, alias, version) for piece in asked.pieces()])

    def predict_proba(self, rows: Any, *, alias: str | None = None, version: int | None = None) -> Any:
        """Return the probability of each class, as the kind that the rows came as."""
        asked = predictions.Asked(rows, {})
        return asked.probabilities([self._answered(piece, alias, version) for piece in asked.pieces()])

    def __repr__(self) -> str:
        aliases = "".join(f", {alias} {version}" for alias, version in self.aliases.items())
        return f"<Model {self.name}: {len(self.versions)} version(s){aliases}>"

    @property
    def _path(self) -> str:
        return f"{PATH}/{quote(self.name, safe='')}"

    def _alias(self, alias: str) -> str:
        return f"{self._path}/aliases/{quote(alias, safe='')}"

    def _answered(self, body: dict[str, Any], alias: str | None, version: int | None) -> dict[str, Any]:
        which = f"@{quote(alias, safe='')}" if alias else f"/versions/{version}" if version else ""
        found: dict[str, Any] = self._transport.json("POST", f"{self._path}{which}/predict", json=body, repeatable=True)
        return found


class Models:
    """Register, list and read models."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def register(self, name: str, job: str, *, checkpoint: str = "best") -> Model:
        """Register a checkpoint of a job as the next version of a model; the first one creates the model.

        Raises: NotFound; Conflict when there is no checkpoint yet.
        """
        _registered(self._transport, name, job, checkpoint)
        return self.get(name)

    def get(self, name: str) -> Model:
        """Return a model.

        Raises: NotFound.
        """
        return Model(self._transport, self._transport.json("GET", f"{PATH}/{quote(name, safe='')}"))

    def list(self) -> Iterator[Model]:
        """Yield models by their names; pages are read as they are needed."""
        return self._listed()

    def _listed(self) -> Iterator[Model]:
        for entry in items(self._transport, PATH, {}):
            yield Model(self._transport, entry)


def _registered(transport: Transport, name: str, job: str, checkpoint: str) -> dict[str, Any]:
    body = {"job": job, "checkpoint": checkpoint}
    found: dict[str, Any] = transport.json("POST", f"{PATH}/{quote(name, safe='')}/versions", json=body)
    return found
