"""What the machine, or the container, grants this process: processors, memory, and whether it was short of it."""

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
SPARED_BYTES = 2**30  #: left to the rest of a machine without a limit


def cpu_quota() -> int:
    """Return how many processors may be used, at least 1: the quota, else what this process may run on."""
    available = len(os.sched_getaffinity(0))
    try:
        quota, period = (_own() / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return available
    return available if quota == "max" else max(1, min(available, int(quota) // int(period)))


def memory_bytes() -> int:
    """Return how much memory may be used: the limit, else the machine's without a spare part."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = (_own() / "memory.max").read_text().strip()
    except OSError:
        limit = "max"
    return machine - SPARED_BYTES if limit == "max" else min(machine, int(limit))


def oom_kills() -> int:
    """Return how many processes of this group the kernel has killed for want of memory."""
    try:
        events = (_own() / "memory.events").read_text().split()
    except OSError:
        return 0
    return int(events[events.index("oom_kill") + 1])


def _own() -> Path:
    entry = next(
        (line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), "0::/"
    )
    return ROOT / entry.removeprefix("0::").strip().lstrip("/")
