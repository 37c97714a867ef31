"""The jobs of a server: submit, find, list."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from batchyard import configuration, specs
from batchyard.aio.datasets import Datasets, is_file
from batchyard.aio.job_future import Job
from batchyard.aio.pages import items
from batchyard.aio.raw import Raw
from batchyard.aio.transport import Transport
from batchyard.answers import Dataset
from batchyard.errors import Conflict, NotFound

PATH = "/api/v1/jobs"
LOOKED_AT = 1_000  #: newest jobs among which a prefix is looked for


class Jobs:
    """Submit, find and list jobs."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def with_raw_response(self) -> Raw:
        """The same methods, each of which returns its result with the answer of the server."""
        return Raw(self)

    async def submit(
        self,
        spec: Mapping[str, Any] | None = None,
        *,
        data: Any = None,
        target: str | list[str] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Job:
        """Submit a job: a whole spec, or its fields, of which `data` may be rows, a file or a data set.

        Raises: InvalidSpec with every fault; InvalidTable; ServerUnreachable.
        """
        whole = await self._whole(spec, data, target, fields)
        answer = await self._transport.json("POST", PATH, json=whole, keyed=True, idempotency_key=idempotency_key)
        configuration.remember(self._transport.url, answer["id"])
        return Job(self._transport, answer)

    async def validate(
        self, spec: Mapping[str, Any] | None = None, *, data: Any = None, target: Any = None, **fields: Any
    ) -> dict[str, Any]:
        """Return what a submit would store: `spec`, `model_summary`, `estimate`, `warnings`.

        Raises: InvalidSpec with every fault.
        """
        whole = await self._whole(spec, data, target, fields)
        found: dict[str, Any] = await self._transport.json(
            "POST", PATH, json=whole, params={"validate_only": "true"}, repeatable=True
        )
        return found

    async def get(self, id_or_name: str) -> Job:
        """Return a job by its id, its name (the newest) or a unique prefix of an id.

        Raises: NotFound with the nearest name; Conflict when a prefix is that of several.
        """
        try:
            return Job(self._transport, await self._transport.json("GET", f"{PATH}/{quote(id_or_name, safe='')}"))
        except NotFound:
            found = await self._by_prefix(id_or_name)
            if found is None:
                raise
        return Job(self._transport, await self._transport.json("GET", f"{PATH}/{found}"))

    def list(
        self,
        *,
        status: str | None = None,
        name: str | None = None,
        tag: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        sort: str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield jobs in brief, newest first; pages are read as they are needed."""
        params: dict[str, Any] = {"limit": page_size}
        given = {"status": status, "name": name, "tag": tag, "sort": sort}
        params |= {key: value for key, value in given.items() if value is not None}
        params |= {f"metadata[{key}]": value for key, value in (metadata or {}).items()}
        return items(self._transport, PATH, params)

    async def page(self, **params: Any) -> dict[str, Any]:
        """Return one page of jobs as the server has it, with the number of jobs in each state."""
        found: dict[str, Any] = await self._transport.json("GET", PATH, params=params)
        return found

    async def _by_prefix(self, prefix: str) -> str | None:
        if not prefix.startswith("job_") or len(prefix) < 5:
            return None
        found: list[str] = []
        looked = 0
        async for entry in self.list():
            looked += 1
            if entry["id"].startswith(prefix):
                found.append(entry["id"])
            if looked >= LOOKED_AT or len(found) > 5:
                break
        if len(found) > 1:
            raise Conflict(
                f"{prefix} is the beginning of several ids: {', '.join(found)}. Type more of the one you mean.",
                status=409,
            )
        return found[0] if found else None

    async def _whole(self, spec: Mapping[str, Any] | None, data: Any, target: Any, fields: dict[str, Any]) -> Any:
        source: Any = data
        if isinstance(data, Dataset):
            source = {"dataset": data.id}
        elif data is not None and not isinstance(data, Mapping):
            if isinstance(data, str) and not is_file(data):
                source = {"dataset": data}
            else:
                source = {"dataset": (await Datasets(self._transport).upload(data)).id}
        return specs.merged(spec, source, target, fields)
