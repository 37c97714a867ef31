"""A real S3 server for tests: SeaweedFS from its wheel, with a bucket that it makes at the first write."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import obstore
from obstore.store import S3Store

from services.processes import die_with_parent
from services.settings import Settings

ACCESS, SECRET = "access-of-tests", "secret-of-tests"
BUCKET = "batchyard-tests"


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
    identity = {"name": "tests", "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    s3, *others = free_ports(8)
    named = ("master", "master.port.grpc", "volume", "volume.port.grpc", "filer", "filer.port.grpc", "s3.port.grpc")
    ports = [f"-{name if '.' in name else name + '.port'}={port}" for name, port in zip(named, others, strict=True)]
    command = [str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1"]
    command += ["-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", *ports]
    command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=100"]
    parent = os.getpid()
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=lambda: die_with_parent(parent))
    server = S3Server(process, s3)
    try:
        _wait_for(server, folder / "log")
        yield server
    finally:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as opened:
        found = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


def _wait_for(server: S3Server, log: Path) -> None:
    for _ in range(1_200):
        assert server.process.poll() is None, log.read_text()[-2_000:]
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            obstore.put(server.objects("ready"), "first", b"")
        except (OSError, obstore.exceptions.BaseError):
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("the S3 server does not answer")
