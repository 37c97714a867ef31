"""The API on its real server, spoken to by sockets: clients that no HTTP library would be."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.settings import Settings

HOST = "127.0.0.1"


class Served:
    """A running API: where it answers."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self, sent: bytes = b"") -> socket.socket:
        """Return a connection on which something is sent already."""
        connection = socket.create_connection((HOST, self.port), timeout=20)
        connection.sendall(sent)
        return connection

    def head(self, line: str, **headers: object) -> bytes:
        """Return the head of a request."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in ({"Host": HOST} | headers).items()]
        return "\r\n".join([f"{line} HTTP/1.1", *lines, "", ""]).encode()

    def ask(self, line: str, body: bytes = b"", **headers: object) -> "Heard":
        """Send a request and return its answer; the connection ends with it."""
        length = {"Content_Length": len(body), "Content_Type": "application/json"} if body else {}
        with self.connect(self.head(line, Connection="close", **(length | headers)) + body) as connection:
            return heard(connection)


class Heard:
    """An answer."""

    def __init__(self, received: bytes) -> None:
        head, _, self.body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    def json(self) -> Any:
        """Return the body."""
        return json.loads(self.body)


def heard(connection: socket.socket) -> Heard:
    """Return all that comes until the server closes."""
    received = b""
    while piece := connection.recv(1 << 16):
        received += piece
    return Heard(received)


@contextmanager
def served(settings: Settings, redis_url: str, log: Path, **more: object) -> Iterator[Served]:
    """Serve the API as a container does, with other settings."""
    port = free_port()
    process = begun(settings, redis_url, log, port, **more)
    try:
        wait_for(port, process, log)
        yield Served(port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def begun(settings: Settings, redis_url: str, log: Path, port: int, **more: object) -> "subprocess.Popen[bytes]":
    """Start the API on a port and return its process."""
    given = {"storage_dir": settings.storage, "database_url": settings.sqlalchemy_url, "redis_url": redis_url} | more
    environ = os.environ | {f"BATCHYARD_{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-m", "local.parts", "api", "--bind", f"{HOST}:{port}"]
    with open(log, "a") as output:
        return subprocess.Popen(command, env=environ, stdout=output, stderr=output)


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until an API answers."""
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
