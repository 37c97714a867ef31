"""The keys that `batchyard login` keeps: one a server, in a file that only this user can read."""

import json
import os
from contextlib import suppress
from pathlib import Path


def key_of(folder: Path, url: str) -> str | None:
    """Return the key that was stored for a server."""
    return _read(folder).get(url)


def store(folder: Path, url: str, key: str | None) -> None:
    """Store a server's key, or forget it.

    Raises: OSError.
    """
    known = {at: kept for at, kept in _read(folder).items() if at != url}
    folder.mkdir(parents=True, exist_ok=True)
    draft = path(folder).with_name(f"keys.json.{os.getpid()}")
    draft.unlink(missing_ok=True)
    # It has its mode before anything stands in it.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(known | ({url: key} if key else {}), file, indent=2)
    draft.replace(path(folder))


def path(folder: Path) -> Path:
    """Return the file of the keys."""
    return folder / "keys.json"


def _read(folder: Path) -> dict[str, str]:
    found: object = {}
    with suppress(OSError, ValueError):
        found = json.loads(path(folder).read_text())
    return {str(url): str(key) for url, key in found.items()} if isinstance(found, dict) else {}
