"""A load generator of a few connections, all in one thread: as fast as answers come, or at a fixed rate."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import repeat

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Load:
    """What came of it."""

    per_second: float
    latencies_ms: list[float]
    failures: int  #: answers whose status is not 200
    answers: dict[int, bytes] = field(default_factory=dict)  #: by the number of the request, if they were kept


def request(path: str, body: bytes, content_type: str = "application/json", **headers: object) -> bytes:
    """Return the bytes of a POST."""
    named = {"Host": "127.0.0.1", "Content-Type": content_type, "Content-Length": len(body)} | headers
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items()]
    return f"POST {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body


def run(port: int, sent: bytes, *, seconds: float, connections: int = 8) -> Load:
    """Send the same request on every connection, again and again."""
    return stream(port, repeat(sent), seconds=seconds, connections=connections)


def stream(port: int, requests: Iterable[bytes], *, seconds: float, connections: int = 8, keep: bool = False) -> Load:
    """Send one request after another on each connection, until the time or the requests are over.

    One answer at least is waited for.
    """
    with _Lines(port, connections) as lines:
        given, start = iter(requests), time.perf_counter()
        for line in lines.idle():
            lines.send(line, given)
        while lines.busy and (time.perf_counter() - start < seconds or not lines.latencies):
            for line in lines.answered(1.0):
                lines.send(line, given)
        took = time.perf_counter() - start
        return lines.load(took, keep=keep)


def paced(port: int, sent: bytes, *, per_second: float, seconds: float, connections: int = 32) -> Load:
    """Send the same request at a fixed rate; a latency counts from when the request was due, sent in time or not."""
    with _Lines(port, connections) as lines:
        idle, given, start, n = deque(lines.idle()), repeat(sent), time.perf_counter(), 0
        while (now := time.perf_counter() - start) < seconds:
            while idle and n / per_second <= now:
                lines.send(idle.popleft(), given, due=start + n / per_second)
                n += 1
            idle += lines.answered(max(0.0, min(0.1, n / per_second - now)) if idle else 0.1)
        return lines.load(seconds, keep=False)


class _Lines:
    """Connections to one server, each with at most one request on its way."""

    def __init__(self, port: int, connections: int) -> None:
        self.waiting = selectors.DefaultSelector()
        self.lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        self.busy: dict[socket.socket, tuple[int, float]] = {}  #: number and beginning of the request on its way
        self.got = {line: bytearray() for line in self.lines}
        self.latencies: list[float] = []
        self.answers: dict[int, bytes] = {}
        self.sent = 0
        for line in self.lines:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.waiting.register(line, selectors.EVENT_READ)

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        for line in self.lines:
            line.close()
        self.waiting.close()

    def idle(self) -> list[socket.socket]:
        return [line for line in self.lines if line not in self.busy]

    def send(self, line: socket.socket, given: Iterator[bytes], due: float | None = None) -> None:
        sent = next(given, None)
        if sent is not None:
            self.busy[line] = self.sent, time.perf_counter() if due is None else due
            self.sent += 1
            line.sendall(sent)

    def answered(self, timeout_s: float) -> list[socket.socket]:
        """Return the connections whose answer is complete; wait for the first so long at most."""
        found = []
        for key, _ in self.waiting.select(timeout_s):
            line = key.fileobj
            assert isinstance(line, socket.socket)
            received = line.recv(PIECE_BYTES)
            if not received:
                raise ConnectionError("the server closed a connection")
            self.got[line] += received
            if _is_whole(self.got[line]):
                number, began = self.busy.pop(line)
                self.latencies.append((time.perf_counter() - began) * 1000)
                self.answers[number] = bytes(self.got[line])
                self.got[line].clear()
                found.append(line)
        return found

    def load(self, took: float, *, keep: bool) -> Load:
        failures = sum(not answer.startswith(b"HTTP/1.1 200") for answer in self.answers.values())
        return Load(len(self.latencies) / took, self.latencies, failures, self.answers if keep else {})


def _is_whole(held: bytearray) -> bool:
    end = held.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = held.lower().find(b"content-length:", 0, end)
    return len(held) >= end + 4 + int(held[at + 15 : held.index(b"\r", at)])
