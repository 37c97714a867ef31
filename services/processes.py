"""Ties processes together: a child that ends with its parent, and who adopts orphans. Linux only."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, even by SIGKILL.

    The kernel counts the parent's *thread*: the parent must start this process from one that lives as long as it.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we could say so
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of what this process's children leave behind."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
