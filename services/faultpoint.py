"""Places at which a test may kill or hold this process: `faultpoint("commit.before")` does nothing unless switched on.

Switched on with a folder, every point that a process passes is one record in its file `passed`, so that all processes
count together. The file `die` says at which the process that gets there ends, as by `kill -9`: the number of a record,
or a number and a name for the so-many-th record of this name. The file `hold` says likewise from which record on
processes add their ids to the file `held` and wait until `hold` is gone or names a later record.
"""

import os
import signal
import time
from pathlib import Path

RECORD = 32  #: bytes
LOOK_S = 0.01  #: how often a process that is held looks whether it may go on

_folder: Path | None = None


def switch_on(folder: str) -> None:
    """Note from now on which points are passed, and obey the files of `folder`. An empty name changes nothing."""
    global _folder
    if folder:
        _folder = Path(folder)


def faultpoint(name: str) -> None:
    """Pass a point, wait at it or die at it."""
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
    is_noted = False
    while _beyond(folder, said := _said(folder / "hold"), number, name) >= 0:
        if not is_noted:
            is_noted = True
            with open(folder / "held", "a") as held:
                held.write(f"{os.getpid()}\n")
        while _said(folder / "hold") == said:
            time.sleep(LOOK_S)
    if _beyond(folder, _said(folder / "die"), number, name) == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def _said(file: Path) -> str:
    """Return what a file says; nothing if it is not there, or is just being written."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return ""


def _beyond(folder: Path, said: str, number: int, name: str) -> int:
    """Return how far a record is beyond the one that is named; below 0 if before it, or of another name."""
    if not said:
        return -1
    at, _, wanted = said.partition(" ")
    if wanted:
        number = _rank(folder, number, name) if name == wanted else 0
    return number - int(at)


def _rank(folder: Path, number: int, name: str) -> int:
    """Return how many of the first so many records are of a name."""
    with open(folder / "passed", "rb") as file:
        records = b"\n" + file.read(number * RECORD)
    return records.count(f"\n{name:<{RECORD - 1}}".encode())
