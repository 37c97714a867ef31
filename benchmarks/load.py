"""A load generator of a few connections: one request after the other on each, all in one thread."""

import selectors
import socket
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of it."""

    per_second: float
    latencies_ms: list[float]
    failures: int  #: answers whose status is not 200


def request(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """Return the bytes of a POST."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def run(port: int, sent: bytes, *, seconds: float, connections: int = 8) -> Load:
    """Send the same request on every connection, again and again."""
    waiting = selectors.DefaultSelector()
    began: dict[socket.socket, float] = {}
    got: dict[socket.socket, bytearray] = {}
    latencies, failures = [], 0
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ)
        got[connection], began[connection] = bytearray(), time.perf_counter()
        connection.sendall(sent)
    start = time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        for key, _ in waiting.select(1.0):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            held = got[connection]
            held += connection.recv(1 << 20)
            if not _is_whole(held):
                continue
            latencies.append((time.perf_counter() - began[connection]) * 1000)
            failures += not held.startswith(b"HTTP/1.1 200")
            held.clear()
            began[connection] = time.perf_counter()
            connection.sendall(sent)
    for connection in got:
        connection.close()
    return Load(len(latencies) / (now - start), latencies, failures)


def _is_whole(held: bytearray) -> bool:
    end = held.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = held.lower().find(b"content-length:", 0, end)
    return len(held) >= end + 4 + int(held[at + 15 : held.index(b"\r", at)])
