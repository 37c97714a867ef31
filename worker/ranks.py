"""The further processes of a job that trains on several: forked from its trainer, and ended with it.

They compute gradients and keep nothing, so whatever ends one of them ends the trainer in the same way: its supervisor
sees the attempt die as it would have died of the same cause in one process, and the next attempt resumes.
"""

import os
import resource
import selectors
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import NoReturn, Self

from services.processes import die_with_parent
from services.settings import Settings
from services.training.loop.rank_group import RankGroup
from services.training_errors import RankLost
from services.wiring import trainer as wiring
from worker import outcome
from worker.memory_exit import memory_exit
from worker.stop_request import BY_SIGNAL

CAUSE_S = 10.0  #: how long a trainer that lost its group waits to hear which process ended, and how


class Ranks:
    """The further processes of a job. None where it trains in one."""

    def __init__(self, settings: Settings, claimed: wiring.Claimed) -> None:
        """Fork them, from a process that has one thread and whose database is closed by this."""
        spec = claimed.spec
        self.handles: list[int] = []  #: pidfds, of rank 1 and so on
        self.over = False  #: nobody needs them any more
        self.watch: threading.Thread | None = None
        self.group: RankGroup | None = None
        if spec.processes == 1:
            return
        self.group = RankGroup.of_leader(spec)
        claimed.database.close()
        _check_threads()
        _share_memory(spec.processes)
        self.rendezvous = os.memfd_create("rendezvous")
        parent = os.getpid()
        for rank in range(1, spec.processes):
            pid = os.fork()
            if pid == 0:
                _follow(settings, claimed, self.group.of(rank), self.rendezvous, parent)
            self.handles.append(os.pidfd_open(pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End them; after one that ended by itself, end this process in the same way."""
        if kind is RankLost and self.watch:
            self.watch.join(CAUSE_S)
        self.over = True
        for handle in self.handles:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        for handle in self.handles:
            os.waitid(os.P_PIDFD, handle, os.WEXITED)

    def join(self) -> None:
        """Wait until all are ready to train, and watch them from now on.

        Before, a fault of the data would end them at the same time as this process, which is the one to record it.

        Raises: RankLost.
        """
        if self.group is None:
            return
        self.watch = threading.Thread(target=self._watch, daemon=True, name="ranks")
        self.watch.start()
        self.group.join(_path(self.rendezvous))

    def _watch(self) -> None:
        """Wait for the end of one that did not merely lose the others, and end this process likewise."""
        with selectors.DefaultSelector() as selector:
            for rank, handle in enumerate(self.handles, start=1):
                selector.register(handle, selectors.EVENT_READ, rank)
            while selector.get_map():
                for key, _ in selector.select():
                    selector.unregister(key.fd)
                    ended = None
                    with suppress(ChildProcessError):  # it was waited for, since nobody needs it any more
                        ended = os.waitid(os.P_PIDFD, key.fd, os.WEXITED | os.WNOWAIT)
                    if ended is None or self.over:
                        return
                    if ended.si_code != os.CLD_EXITED or ended.si_status != outcome.RANK_LOST:
                        _end_likewise(key.data, ended)


def _end_likewise(rank: int, ended: os.waitid_result) -> NoReturn:
    by_signal = ended.si_code != os.CLD_EXITED
    how = f"was killed by {signal.Signals(ended.si_status).name}" if by_signal else f"ended with {ended.si_status}"
    print(f"The process of rank {rank} {how}.", file=sys.stderr, flush=True)
    if by_signal:
        os.kill(os.getpid(), ended.si_status)
    os._exit(outcome.BUG if by_signal else ended.si_status)


def _follow(settings: Settings, claimed: wiring.Claimed, group: RankGroup, rendezvous: int, parent: int) -> NoReturn:
    """Be a further process, freshly forked, until the trainer ends it."""
    code = outcome.BUG
    try:
        die_with_parent(parent)
        for number in BY_SIGNAL:  # these are for the trainer, and would be taken for its end
            signal.signal(number, signal.SIG_IGN)
        os.dup2(rendezvous, 3)
        os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        group.take_device()
        training = wiring.follower(settings, claimed.work, group)
        group.join(_path(3))
        training.follow(group)
    except RankLost:
        code = outcome.RANK_LOST
    except (MemoryError, RuntimeError) as error:
        traceback.print_exc()
        code = memory_exit(error)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _path(handle: int) -> str:
    """Return a path under which the processes open a file that has no name: nothing of it is ever left behind."""
    return f"/proc/self/fd/{handle}"


def _check_threads() -> None:
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise AssertionError(f"the trainer has {threads} threads: a fork would be unsafe")


def _share_memory(count: int) -> None:
    """Leave each process its part of what the trainer may take."""
    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_DATA, (most // count, most // count))
