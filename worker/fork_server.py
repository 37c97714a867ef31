"""The fork server: has torch imported, and forks one trainer for each job. One thread, or a fork would be unsafe.

A fork of so large a process takes longer than all else between a claim and its trainer, so the next one is made ahead.
"""

import contextlib
import gc
import importlib
import os
import resource
import selectors
import signal
import socket
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from services.db.engine import sqlite_module
from services.processes import adopt_orphans, die_with_parent
from services.settings import Settings
from worker import channel, outcome, trainer
from worker.work_kind import Kind

#: Loaded once here, not in each trainer: the driver, and what a process's first optimizer takes a second to load.
LOADED = ("psycopg", "torch._dynamo")


@dataclass
class Trainer:
    """A forked trainer and the line to its supervisor."""

    pid: int
    handle: int  #: pidfd
    line: socket.socket


@dataclass
class Ahead:
    """A fork that waits for the job that it is to train."""

    pid: int
    line: socket.socket  #: hears the job; when it ends without one, so does the fork


class ForkServer:
    """Hears supervisors, forks trainers, tells how they ended."""

    def __init__(self, listener: socket.socket, settings: Settings, memory_bytes: int) -> None:
        self.listener = listener
        self.settings = settings
        self.memory_bytes = memory_bytes
        self.ahead: Ahead | None = None
        self.selector = selectors.DefaultSelector()
        self.trainers: dict[socket.socket, Trainer] = {}

    def run(self) -> None:
        """Serve until killed."""
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)
        while True:
            self.ahead = self.ahead or self._fork()
            self.look(timeout_s=1.0)
            self._bury_orphans()

    def look(self, timeout_s: float) -> None:
        """Wait until something happens, and do what it asks for."""
        for key, _ in self.selector.select(timeout_s):
            # An earlier event of the same round may have closed this one; a closed socket can't be looked up by itself.
            if self.selector.get_map().get(key.fd) is key:
                key.data()

    def _accept(self) -> None:
        supervisor, _ = self.listener.accept()
        self.selector.register(supervisor, selectors.EVENT_READ, lambda: self._hear(supervisor))

    def _hear(self, supervisor: socket.socket) -> None:
        message = channel.receive(supervisor)
        running = self.trainers.get(supervisor)
        if message is None:  # the supervisor is gone: so is its trainer
            if running:
                self._end(running)
            else:
                self._close(supervisor)
        elif "attempt" in message[0]:
            self._start(supervisor, *message)
        elif running:
            with contextlib.suppress(ProcessLookupError):
                number = message[0]["signal"]
                if number == signal.SIGKILL:
                    os.killpg(running.pid, number)
                else:
                    signal.pidfd_send_signal(running.handle, number)

    def _start(self, supervisor: socket.socket, message: dict[str, Any], files: list[int]) -> None:
        ahead, self.ahead = self.ahead or self._fork(), None
        if not channel.send(ahead.line, message, tuple(files)):  # it was killed while it waited
            ahead.line.close()
            ahead = self._fork()
            channel.send(ahead.line, message, tuple(files))
        ahead.line.close()
        pid = ahead.pid
        for file in files:
            os.close(file)
        with contextlib.suppress(OSError):  # the child does the same: whoever is first
            os.setpgid(pid, pid)
        running = Trainer(pid, os.pidfd_open(pid), supervisor)
        self.trainers[supervisor] = running
        channel.send(supervisor, {"pid": pid})
        self.selector.register(running.handle, selectors.EVENT_READ, lambda: self._end(running))

    def _fork(self) -> Ahead:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        warm = os.getpid()
        pid = os.fork()
        if pid == 0:
            _wait(theirs.fileno(), self.settings, self.memory_bytes, parent=warm)
        theirs.close()
        return Ahead(pid, ours)

    def _end(self, running: Trainer) -> None:
        """Kill what is left of a trainer's group before its number is free again, then tell how it ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        _, status = os.waitpid(running.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        channel.send(running.line, {"code": max(code, 0), "signal": max(-code, 0)})
        self.selector.unregister(running.handle)
        os.close(running.handle)
        del self.trainers[running.line]
        self._close(running.line)

    def _close(self, supervisor: socket.socket) -> None:
        self.selector.unregister(supervisor)
        supervisor.close()

    def _bury_orphans(self) -> None:
        """Wait for what dead trainers left behind, and look first: a trainer's status is its supervisor's to hear."""
        known = {running.pid for running in self.trainers.values()}
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, flags)) and found.si_pid not in known:
                os.waitpid(found.si_pid, 0)


def _wait(handle: int, settings: Settings, memory_bytes: int, *, parent: int) -> NoReturn:
    """Wait for a job in a freshly forked process, become its trainer, and never return."""
    message = None
    try:
        die_with_parent(parent)
        os.dup2(handle, 3)
        # Now, not when a job comes: an inherited line kept open here would keep a supervisor from hearing its end.
        os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        waits = socket.socket(fileno=3)
        message = channel.receive(waits)
        waits.detach()  # the trainer puts its progress channel in this place
    finally:
        if message is None:
            os._exit(outcome.BUG)
    start, (log, progress) = message
    inherited = trainer.Inherited(log, progress, memory_bytes, parent)
    trainer.enter(partial(_do, start, settings), inherited)


def _do(start: dict[str, Any], settings: Settings, watch: trainer.Watch) -> int:
    """Do the work of a claim; return the exit code."""
    if Kind.PREDICTION in start:
        # Loaded in the fork only: Arrow starts a thread, and the fork server has but one.
        from worker import batch_predictor

        return batch_predictor.run(start[Kind.PREDICTION], start["attempt"], settings, watch)
    return trainer.run(start[Kind.JOB], start["attempt"], settings, watch)


def main() -> None:
    """Be the fork server of the worker that started us: `python -m worker.fork_server SOCKET PARENT MEMORY_BYTES`."""
    path, parent, memory_bytes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    die_with_parent(parent)
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in LOADED:
        importlib.import_module(name)
    sqlite_module()
    threads = os.listdir("/proc/self/task")
    if len(threads) != 1:
        raise SystemExit(f"the fork server has {len(threads)} threads: a fork would be unsafe")
    gc.collect()
    gc.freeze()
    ForkServer(channel.listen(path), Settings.from_env(), memory_bytes).run()


if __name__ == "__main__":
    main()
