"""Connections that nobody closed are closed when their owner is gone."""

import weakref

import httpx2


def close_with(owner: object, http: httpx2.Client | httpx2.AsyncClient) -> None:
    """Close blocking connections when `owner` is collected or the program ends; asyncio's need a loop to close them."""
    if isinstance(http, httpx2.Client):
        weakref.finalize(owner, http.close)
