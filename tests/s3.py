"""A real S3 server for tests: SeaweedFS from its wheel, with a bucket that it makes at the first write."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import S3Store

from services.processes import die_with_parent
from services.settings import Settings

ACCESS, SECRET = "access-of-tests", "secret-of-tests"
BUCKET = "batchyard-tests"
START_S, TRIES = 60.0, 3


@dataclass(frozen=True)
class S3Server:
    """A server that can be stopped in the middle of everything, and goes on where it was."""

    process: "subprocess.Popen[bytes]"
    port: int

    def settings(self, own: Settings, prefix: str) -> Settings:
        """Return settings of a host whose data is below a prefix of the bucket."""
        there = {"storage_url": f"s3://{BUCKET}/{prefix}", "storage_endpoint": f"http://127.0.0.1:{self.port}"}
        return replace(own, **there, storage_access_key=ACCESS, storage_secret_key=SECRET)

    def objects(self, prefix: str) -> S3Store:
        """Return the objects below a prefix, as an unmodified client has them."""
        return S3Store(
            BUCKET,
            prefix=prefix,
            endpoint=f"http://127.0.0.1:{self.port}",
            access_key_id=ACCESS,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=30)},
        )

    def names(self, prefix: str) -> list[str]:
        """Return the names of all objects below a prefix."""
        return sorted(each["path"] for found in obstore.list(self.objects(prefix)) for each in found)

    def stop(self) -> None:
        """Let it answer nothing, though connections to it open: slower than any patience."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server with its files below `folder`, yield it, and end it."""
    for n in range(TRIES):  # another process may take one of its ports meanwhile
        home = folder / str(n)
        home.mkdir()
        server = _started(home)
        try:
            if _is_ready(server):
                yield server
                return
        finally:
            server.process.kill()
            server.process.wait()
    raise AssertionError((home / "log").read_text()[-2_000:])


def _started(home: Path) -> S3Server:
    identity = {"name": "tests", "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}], "actions": ["Admin"]}
    (home / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (home / "data").mkdir()
    s3, *others = free_ports(8)
    named = ("master", "master.port.grpc", "volume", "volume.port.grpc", "filer", "filer.port.grpc", "s3.port.grpc")
    ports = [f"-{name if '.' in name else name + '.port'}={port}" for name, port in zip(named, others, strict=True)]
    command = [str(Path(sys.executable).with_name("weed")), "server", f"-dir={home / 'data'}", "-ip=127.0.0.1"]
    command += ["-s3", f"-s3.port={s3}", f"-s3.config={home / 's3.json'}", "-s3.port.iceberg=0", *ports]
    command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=100"]
    parent = os.getpid()
    with open(home / "log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=lambda: die_with_parent(parent))
    return S3Server(process, s3)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, below those that the kernel gives to outgoing connections."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


def _is_ready(server: S3Server) -> bool:
    """Wait until it keeps what it is given: its parts start one after the other. Return whether it ever does."""
    deadline = time.monotonic() + START_S
    while server.process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, obstore.exceptions.BaseError):
            obstore.put(server.objects("ready"), "first", b"some bytes")
            return bytes(obstore.get(server.objects("ready"), "first").bytes()) == b"some bytes"
        time.sleep(0.05)
    return False
