"""The data sets of a server."""
# Generated from batchyard/aio/datasets.py by `make client`: change that file.

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from batchyard.answers import Dataset, dataset_of
from batchyard.errors import APIError, InvalidSpec
from batchyard.pages import items
from batchyard.payloads import Payload, Progress, payload_of
from batchyard.raw import Raw
from batchyard.transport import Transport

PATH = "/api/v1/datasets"
UPLOAD_TIMEOUT_S = 600.0  #: a server reads a large table before it answers


class Datasets:
    """Upload, list, read and delete data sets."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def with_raw_response(self) -> Raw:
        """The same methods, each of which returns its result with the answer of the server."""
        return Raw(self)

    def upload(
        self, data: Any, *, name: str | None = None, progress: Progress | None = None, **options: Any
    ) -> Dataset:
        """Upload a file, bytes or rows, unless the server has the same bytes already.

        Bytes that are there already are from now on called as this file is, or as `name` says.
        `options` say how a file is read: delimiter, decimal, thousands, header, na_values, columns.

        Raises: InvalidTable; APIError; ServerUnreachable.
        """
        payload = payload_of(data, name)
        if not options and (known := self._known(payload)):
            is_named = name is not None or isinstance(data, str | Path)
            return self._named(known, payload.name) if is_named else known
        params = {"name": payload.name, **_flat(options)}
        headers = {"Content-Type": payload.media, "Content-Length": str(payload.size)}
        try:
            answer = self._transport.json(
                "POST",
                PATH,
                params=params,
                headers=headers,
                content=lambda: self._body(payload, progress),
                repeatable=True,  # the same bytes twice are one data set
                timeout_s=max(self._transport.timeout_s, UPLOAD_TIMEOUT_S),
            )
        except InvalidSpec as error:
            error.sent = payload.name
            raise
        return dataset_of(answer, was_sent=True)

    def list(self) -> Iterator[Dataset]:
        """Yield the data sets, newest first; pages are read as they are needed."""
        return self._listed()

    def get(self, id_or_name: str) -> Dataset:
        """Return a data set with its columns.

        Raises: NotFound.
        """
        return dataset_of(self._transport.json("GET", f"{PATH}/{quote(id_or_name, safe='')}"))

    def rows(self, id_or_name: str, limit: int = 20) -> dict[str, Any]:
        """Return the first rows: `columns` and `data`."""
        path = f"{PATH}/{quote(id_or_name, safe='')}/rows"
        found: dict[str, Any] = self._transport.json("GET", path, params={"limit": limit})
        return found

    def rename(self, id_or_name: str, name: str) -> Dataset:
        """Give a data set another name and return it.

        Raises: NotFound; InvalidSpec when no data set can be called so.
        """
        dataset = self.get(id_or_name)
        return dataset_of(self._transport.json("PATCH", f"{PATH}/{dataset.id}", json={"name": name}))

    def delete(self, id_or_name: str) -> None:
        """Delete a data set that no job uses.

        Raises: NotFound; Conflict naming the jobs.
        """
        dataset = self.get(id_or_name)
        self._transport.request("DELETE", f"{PATH}/{dataset.id}")

    def _known(self, payload: Payload) -> Dataset | None:
        try:
            page = self._transport.json("GET", PATH, params={"sha256": payload.sha256, "limit": 1})
        except InvalidSpec:  # an older server can't be asked; it finds out from the bytes
            return None
        found = [entry for entry in page.get("data", []) if entry.get("sha256") == payload.sha256]
        return replace(dataset_of(found[0]), was_sent=False) if found else None

    def _named(self, known: Dataset, name: str) -> Dataset:
        if known.name == name:
            return known
        try:
            return self.rename(known.id, name)
        except APIError as error:
            if error.status not in (404, 405):
                raise
            return known  # an older server, which renames nothing

    def _body(self, payload: Payload, progress: Progress | None) -> Iterator[bytes]:
        for block in payload.blocks(progress):
            yield block

    def _listed(self) -> Iterator[Dataset]:
        for entry in items(self._transport, PATH, {}):
            yield dataset_of(entry)


def _flat(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as a query: `columns` is a parameter a column."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, dict):
            flat |= {f"{key}[{inner}]": word for inner, word in value.items()}
        elif isinstance(value, list | tuple):
            flat[f"{key}[]"] = list(value)
        elif value is not None:
            flat[key] = str(value).lower() if isinstance(value, bool) else value
    return flat


def is_file(data: Any) -> bool:
    """Return whether a text names a file here, not a data set there."""
    return isinstance(data, Path) or (isinstance(data, str) and not data.startswith("ds_") and Path(data).exists())
