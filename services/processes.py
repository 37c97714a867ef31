"""Ties processes together: a child ends with its parent, orphans are adopted, who computes gives way. Linux only."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
NICENESS = 10

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, even by SIGKILL.

    The kernel counts the parent's *thread*: the parent must start this process from one that lives as long as it.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we could say so
        os._exit(1)


def give_way() -> None:
    """Let answers, signs of life and stop requests, which take little, go first where processors are short.

    An idle machine is used whole all the same.
    """
    os.nice(NICENESS)


def adopt_orphans() -> None:
    """Become the parent of what this process's children leave behind."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
