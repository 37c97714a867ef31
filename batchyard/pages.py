"""Lists that come in pages."""
# Generated from batchyard/aio/pages.py by `make client`: change that file.

from collections.abc import Iterator, Mapping
from typing import Any

from batchyard.transport import Transport


def items(transport: Transport, path: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the items of a list; the next page is read when it is needed."""
    page = transport.json("GET", path, params=dict(params))
    while True:
        for entry in page["data"]:
            yield entry
        if not page.get("next"):
            return
        page = transport.json("GET", page["next"])
