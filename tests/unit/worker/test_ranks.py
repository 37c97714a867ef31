"""What ends one process of a job ends its trainer in the same way."""

import os
import signal
from collections.abc import Callable

import pytest

from worker import outcome
from worker.ranks import Ranks


def forked(work: Callable[[], object]) -> int:
    """Run something in a process of its own; return its number."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(99)
    return pid


def watched(ends: list[Callable[[], object]]) -> int:
    """Return how a process ends that watches others which end so."""

    def watch() -> None:
        ranks = Ranks.__new__(Ranks)
        ranks.over = False
        ranks.handles = [os.pidfd_open(forked(end)) for end in ends]
        ranks._watch()
        os._exit(outcome.DONE)

    return os.waitstatus_to_exitcode(os.waitpid(forked(watch), 0)[1])


def lost() -> None:
    os._exit(outcome.RANK_LOST)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -signal.SIGKILL),
        (lambda: os.kill(os.getpid(), signal.SIGXCPU), -signal.SIGXCPU),
        (lambda: os._exit(outcome.MEMORY), outcome.MEMORY),
        (lambda: os._exit(outcome.BUG), outcome.BUG),
    ],
    ids=["killed", "out of time", "memory", "a bug"],
)
def test_the_trainer_ends_as_the_process_did_that_others_lost(end: Callable[[], object], code: int) -> None:
    assert watched([lost, end, lost]) == code


def test_processes_that_lost_their_trainer_are_no_cause() -> None:
    assert watched([lost, lost]) == outcome.DONE
