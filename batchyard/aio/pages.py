"""Lists that come in pages."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from batchyard.aio.transport import Transport


async def items(transport: Transport, path: str, params: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the items of a list; the next page is read when it is needed."""
    page = await transport.json("GET", path, params=dict(params))
    while True:
        for entry in page["data"]:
            yield entry
        if not page.get("next"):
            return
        page = await transport.json("GET", page["next"])
