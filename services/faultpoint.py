"""Places at which a test may kill this process: `faultpoint("commit.before")` does nothing unless it was switched on.

Switched on with a folder, every point that a process passes is one record in its file `passed`, so that all processes
count together. The file `die` says at which the process that gets there ends, as by `kill -9`: the number of a record,
or a number and a name for the so-many-th record of this name.
"""

import os
import signal
from pathlib import Path

RECORD = 32  #: bytes

_folder: Path | None = None


def switch_on(folder: str) -> None:
    """Note from now on which points are passed, and die where `folder` says so. An empty name changes nothing."""
    global _folder
    if folder:
        _folder = Path(folder)


def faultpoint(name: str) -> None:
    """Pass a point, or die at it."""
    if _folder is not None:
        _pass(_folder, name)


def passed(folder: Path) -> list[str]:
    """Return the names of the points that were passed."""
    try:
        text = (folder / "passed").read_text()
    except FileNotFoundError:
        return []
    return [text[start : start + RECORD].strip() for start in range(0, len(text), RECORD)]


def _pass(folder: Path, name: str) -> None:
    file = os.open(folder / "passed", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.write(file, f"{name[: RECORD - 1]:<{RECORD - 1}}\n".encode())
    number = os.lseek(file, 0, os.SEEK_CUR) // RECORD
    os.close(file)
    try:
        at, _, wanted = (folder / "die").read_text().strip().partition(" ")
    except FileNotFoundError:
        return
    if wanted:
        number = passed(folder)[:number].count(wanted) if name == wanted else 0
    if at == str(number):
        os.kill(os.getpid(), signal.SIGKILL)
