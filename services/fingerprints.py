"""Whether a stored file still has the bytes it was stored with. A file that was not touched since is not read again."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

ENDING = ".verified"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, sha256: str) -> bool:
    """Return whether a file has this SHA-256: read, or known from an earlier look at the same, untouched file.

    Raises: OSError when it is not there.
    """
    stamp = _stamp(path, sha256)
    if _noted(path) == stamp:
        return True
    if digest(path) != sha256:
        return False
    _write(path, stamp)
    return True


def note(path: Path, sha256: str) -> None:
    """Note that a file was just written with the bytes of this SHA-256, so that nobody reads it again to know it."""
    _write(path, _stamp(path, sha256))


def _write(path: Path, stamp: list[Any]) -> None:
    with suppress(OSError):  # a trainer may have no right to write here
        noted = path.with_name(path.name + ENDING)
        draft = noted.with_name(f"{noted.name}-{os.getpid()}")
        draft.write_text(json.dumps(stamp))
        draft.replace(noted)


def _stamp(path: Path, sha256: str) -> list[Any]:
    """Return what changes when somebody writes to the file or puts another in its place."""
    found = path.stat()
    return [sha256, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _noted(path: Path) -> Any:
    try:
        return json.loads(path.with_name(path.name + ENDING).read_text())
    except (OSError, ValueError):
        return None
