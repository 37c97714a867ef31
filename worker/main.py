"""A worker's first process: starts the fork server and Celery's process, shows that they are alive, and ends both.

Of the three it alone has threads and a database open. Nothing of them is inherited: both are started with `exec`, and
what Celery forks later is forked from a process that has neither (docs/architecture.md, "Forks").
"""

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import structlog

from services import cgroup
from services.db.engine import Database
from services.db.schema import check_schema
from services.settings import Settings, child_environment, visible_gpus
from worker.presence import Presence
from worker.slots import Slots

log = structlog.get_logger()

#: A drain may take a grace to be answered, another to store a large model, and so long for all else.
DRAIN_MARGIN_S = 5.0
FORK_SERVER_PAUSE_S = 0.2
#: One thread in the processes that fork, or their children could hang.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
#: The processes of one job talk to each other on this host alone.
ON_LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
ENVIRONMENT = ONE_THREAD | ON_LOOPBACK


def run(settings: Settings, device: str, slots: int, heartbeat: Path | None) -> None:
    """Be a worker until SIGTERM; running jobs are then stored at their batch and put back.

    Raises: SchemaMismatch; NotReady; SystemExit when Celery's process failed or the worker had to be ended.
    """
    with closing(Database(settings, pool_size=1)) as database:
        check_schema(database)
    count = slots or settings.worker_slots or cgroup.cpu_quota()
    memory = settings.trainer_memory_bytes or (cgroup.memory_bytes() // count if device == "cpu" else 0)
    folder = Path(tempfile.mkdtemp(prefix="batchyard-"))  # 0700
    news, tell = os.pipe()
    name = f"{device}-{os.getpid()}@{os.uname().nodename}"
    processes = settings.worker_processes or (cgroup.cpu_quota() if device == "cpu" else visible_gpus())
    own = Slots(device, count, name, folder / "warm.sock", tell, memory, processes)
    presence = Presence(settings, own, news, heartbeat)
    try:
        code = Processes(settings, own, presence).until_celery_ends()
    finally:
        presence.end()
        shutil.rmtree(folder, ignore_errors=True)
    if code:
        raise SystemExit(code)


class Processes:
    """The two processes of a worker. Both are started from the main thread, whose end the kernel ties them to."""

    def __init__(self, settings: Settings, slots: Slots, presence: Presence) -> None:
        self.slots = slots
        self.drain_s = 2 * settings.grace_s + DRAIN_MARGIN_S
        self.presence = presence
        where = [str(slots.fork_server), str(os.getpid()), str(slots.memory_bytes)]
        self.fork_server_command = [sys.executable, "-m", "worker.fork_server", *where]
        self.kill_at = float("inf")
        self.woken, wake = os.pipe()
        for end in (self.woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, or it would not wake the selector
        self.celery: subprocess.Popen[bytes] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.drain())

    def drain(self) -> None:
        """Ask Celery's process to put every job back and to end, and set the time at which it is killed."""
        if self.kill_at == float("inf"):
            self.kill_at = time.monotonic() + self.drain_s
            if self.celery:
                self.celery.terminate()

    def until_celery_ends(self) -> int:
        """Start both, start the fork server again whenever it ends, and return the exit code of Celery's process."""
        fork_server = self._start(self.fork_server_command)
        command = [sys.executable, "-m", "worker.celery_process", self.slots.as_json(), str(os.getpid())]
        self.celery = self._start(command, (self.slots.news,))
        if self.kill_at < float("inf"):  # asked to end while it was being started
            self.celery.terminate()
        os.close(self.slots.news)
        self.presence.begin()
        start_at = float("inf")
        with selectors.DefaultSelector() as selector:
            selector.register(self.woken, selectors.EVENT_READ)
            while (code := self.celery.poll()) is None:
                if start_at == float("inf") and (ended := fork_server.poll()) is not None:
                    log.warning("the fork server ended; restarting it", code=ended)
                    start_at = time.monotonic() + FORK_SERVER_PAUSE_S
                elif time.monotonic() >= start_at:
                    fork_server, start_at = self._start(self.fork_server_command), float("inf")
                if time.monotonic() >= self.kill_at:
                    log.error("Celery's process did not stop in time; killing it", seconds=self.drain_s)
                    self.celery.kill()
                    self.kill_at = float("inf")
                due = min(start_at, self.kill_at) - time.monotonic()
                if selector.select(None if due == float("inf") else max(0.0, due)):
                    os.read(self.woken, 4096)
        fork_server.kill()
        fork_server.wait()
        # SIGTERM ends one that had not come up yet by itself.
        ended_as_asked = code in {0, -signal.SIGTERM} and not self.presence.fault
        return 0 if ended_as_asked else 1

    def _start(self, command: list[str], files: tuple[int, ...] = ()) -> "subprocess.Popen[bytes]":
        # A group of its own: Ctrl-C in a terminal reaches this process alone, which ends the others in order.
        return subprocess.Popen(command, env=child_environment(**ENVIRONMENT), pass_fds=files, process_group=0)
