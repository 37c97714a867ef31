"""Bodies on their way to Flask: which are whole before a thread has them, and what is free again after them."""

import asyncio
from typing import Any

import pytest
from flask import Flask, request

from api.bodies import BUFFERED_BYTES, WHOLE
from api.gateway import ROOM_BYTES, WHOLE_BYTES, Gateway
from services.settings import Settings

PIECE_BYTES = 100_000


@pytest.fixture
def gateway() -> Gateway:
    """A gateway to an application that says how it got a body, and how long that was."""
    app = Flask(__name__)

    @app.post("/")
    def length() -> str:
        return f"{'whole' if WHOLE in request.environ else 'piecemeal'} {len(request.get_data())}"

    app.extensions["batchyard.shutdown"] = None  # of use where a server starts and ends, and beside `quick`
    return Gateway(app, Settings())


async def answer(gateway: Gateway, body: bytes, **headers: str) -> str:
    """Send a body in pieces, its end by itself, and return the answer's."""
    pieces = [body[n : n + PIECE_BYTES] for n in range(0, len(body), PIECE_BYTES)]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    coming = iter([*messages, {"type": "http.request", "more_body": False}])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
    }
    await gateway(scope | {"headers": [(k.encode(), v.encode()) for k, v in headers.items()]}, receive, send)
    return b"".join(message.get("body", b"") for message in sent).decode()


@pytest.mark.parametrize(
    ("length", "how"),
    [
        (10, "whole"),
        (BUFFERED_BYTES, "whole"),
        (1_200_000, "whole"),
        (WHOLE_BYTES, "whole"),
        (WHOLE_BYTES + 1, "piecemeal"),
    ],
)
def test_a_body_that_is_not_too_long_is_whole_before_a_thread_has_it(gateway: Gateway, length: int, how: str) -> None:
    answered = asyncio.run(answer(gateway, bytes(length), **{"content-length": str(length)}))

    assert answered == f"{how} {length}"
    assert (gateway.room, gateway.body_places) == (ROOM_BYTES, Settings().body_places)


def test_where_others_have_all_the_room_a_body_is_read_piecemeal(gateway: Gateway) -> None:
    gateway.room = 200_000
    lengths = [150_000, 250_000]

    answered = [asyncio.run(answer(gateway, bytes(n), **{"content-length": str(n)})) for n in lengths]

    assert answered == ["whole 150000", "piecemeal 250000"]
    assert gateway.room == 200_000


def test_a_body_of_no_stated_length_is_read_piecemeal(gateway: Gateway) -> None:
    answered = asyncio.run(answer(gateway, bytes(300_000), **{"transfer-encoding": "chunked"}))

    assert answered == "piecemeal 300000"
