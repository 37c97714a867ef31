"""A crowd of slow clients against a stack that trains: others are answered, and all of the crowd is gone in time."""

import selectors
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.stack import Stack, local_stack

TINY = {"data": {"x": [[1], [2], [3], [4]], "y": [[1], [2], [3], [4]]}, "split": {"type": "none"}, "model": "linear"}
LONG = {"data": {"builtin": "digits"}, "model": "mlp", "epochs": 100_000, "early_stopping": False}
ASKED = 100  #: requests of each kind while the crowd is there
PATIENCE_S = 50  #: headers have 30 s, bodies 10 s, streams 25 s and polls 20 s


class Crowd:
    """Connections that send and read a little; a thread looks after them and notes when each ends."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).netloc
        self.selector = selectors.DefaultSelector()
        self.open: dict[socket.socket, bool] = {}  #: whether it goes on sending, a byte a second

    def join(self, count: int, sent: str, *, drips: bool = False) -> None:
        """Open connections that begin with the same bytes."""
        address, port = self.host.split(":")
        for _ in range(count):
            connection = socket.create_connection((address, int(port)), timeout=10)
            connection.sendall(sent.replace("HOST", self.host).encode())
            connection.setblocking(False)
            self.open[connection] = drips
            self.selector.register(connection, selectors.EVENT_READ)

    def live(self) -> None:
        """Drip and read until every connection is closed by the server."""
        dripped = time.monotonic()
        while self.open:
            for key, _ in self.selector.select(timeout=0.2):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                try:
                    ended = not connection.recv(1 << 16)
                except OSError:
                    ended = True
                if ended:
                    self.leave(connection)
            if time.monotonic() - dripped > 1:
                dripped = time.monotonic()
                for connection in [one for one, drips in self.open.items() if drips]:
                    try:
                        connection.send(b" ")
                    except OSError:
                        self.leave(connection)

    def leave(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self.selector.unregister(connection)
        del self.open[connection]
        connection.close()


def asked(stack: Stack) -> dict[str, list[float]]:
    """Return the seconds that reads and submits of another client took."""
    took: dict[str, list[float]] = {"GET": [], "POST": []}
    for _ in range(ASKED):
        for verb, seconds in took.items():
            began = time.monotonic()
            spec = TINY | {"epochs": 1} if verb == "POST" else None
            answer = stack.http.request(verb, "/api/v1/jobs", json=spec)
            assert answer.status_code < 300, answer.text
            seconds.append(time.monotonic() - began)
    return took


@pytest.mark.timeout(180)
@pytest.mark.alone
def test_twelve_hundred_slow_clients_keep_nobody_waiting_and_end_by_their_deadlines(tmp_path: Path) -> None:
    with local_stack(tmp_path / "data", "--workers", "1", short_job_s="0") as stack:  # no job yields
        job_id = stack.submit(LONG)
        crowd = Crowd(stack.url)
        job = f"/api/v1/jobs/{job_id} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"
        post = "POST /api/v1/jobs HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 5000"
        crowd.join(200, "GET /api/v1/jobs HTTP/1.1\r\nHost: HOST\r\nX: ", drips=True)
        crowd.join(200, f"{post}\r\n\r\n{{", drips=True)
        crowd.join(500, f"GET {job.replace(' HTTP', '/events HTTP', 1)}Accept: text/event-stream\r\n\r\n")
        crowd.join(100, "")  # says nothing
        idle = stack.submit(LONG)  # queued behind the first, so that nothing happens to it
        known = stack.http.get(f"/api/v1/jobs/{idle}").headers["ETag"]
        poll = f"GET /api/v1/jobs/{idle} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"
        crowd.join(200, f"{poll}If-None-Match: {known}\r\nPrefer: wait=20\r\n\r\n")
        joined_at = time.monotonic()
        looked_after = threading.Thread(target=crowd.live, daemon=True)
        looked_after.start()
        time.sleep(2)
        here = len(crowd.open)  # nobody was refused, or answered at once

        took = asked(stack)
        looked_after.join(timeout=PATIENCE_S - (time.monotonic() - joined_at))
        left = len(crowd.open)

        assert here == 1_200
        for verb, seconds in took.items():
            p99 = sorted(seconds)[int(len(seconds) * 0.99) - 1]
            print(f"{verb} p50 {sorted(seconds)[len(seconds) // 2] * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms")
            assert p99 < 0.5, (verb, sorted(seconds)[-5:])
        assert left == 0
        assert stack.json(f"/api/v1/jobs/{job_id}")["status"] in {"running", "queued"}
