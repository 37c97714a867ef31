"""The processes of a running stack, found from outside by reading /proc."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process: its number, its parent's, and how it was started."""

    pid: int
    parent: int
    command: str

    @property
    def alive(self) -> bool:
        """Whether it is still there and not a zombie."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    @property
    def leads(self) -> bool:
        """Whether it has a group of its own: of what a fork server forked, only what was given a job has."""
        try:
            return os.getpgid(self.pid) == self.pid
        except ProcessLookupError:
            return False


def below(pid: int) -> list[Process]:
    """Return every living descendant of a process, parents first."""
    everyone = [process for entry in os.listdir("/proc") if entry.isdigit() and (process := _read(int(entry)))]
    found: list[Process] = []
    parents = {pid}
    while new := [p for p in everyone if p.parent in parents and p not in found]:
        found += new
        parents = {p.pid for p in new}
    return found


def _read(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if stat[0] == "Z" else Process(pid, int(stat[1]), command)
