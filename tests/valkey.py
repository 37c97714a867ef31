"""A real Valkey for tests: the wheel's server on a socket of its own."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from local import valkey as embedded
from services.nudges import plain_url
from services.processes import die_with_parent


@contextmanager
def valkey_server(folder: Path) -> Iterator[str]:
    """Start a Valkey with its socket below `folder`, yield kombu's URL of it, and stop it."""
    command, url = embedded.command(folder)
    parent = os.getpid()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=lambda: die_with_parent(parent))
    try:
        with redis.Redis.from_url(plain_url(url)) as client:
            _wait_for(client)
        yield url
    finally:
        server.kill()
        server.wait()


def _wait_for(client: redis.Redis) -> None:
    for _ in range(200):
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("Valkey does not answer")
