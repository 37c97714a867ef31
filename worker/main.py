"""A worker's main process: Celery, the warm process beside it, and signs of life."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from celery import Celery, signals
from celery.exceptions import SecurityWarning
from celery.worker import state

from services.db.engine import Database
from services.db.schema import check_schema
from services.errors import NotReady, StorageFull
from services.jobs.workers import Workers
from services.queue import Bell
from services.settings import Settings, child_environment
from worker import cgroup
from worker.app import connect_signals, make_app

log = structlog.get_logger()

SIGN_S = 5.0  #: pause between two signs of life
#: One thread in the process that forks, or its children could hang.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def run(settings: Settings, device: str, slots: int, heartbeat: Path | None) -> None:
    """Be a worker until SIGTERM; running jobs are then stored at their batch and put back.

    Raises: SchemaMismatch; NotReady.
    """
    with closing(Database(settings, pool_size=1)) as database:
        check_schema(database)
    slots = slots or settings.worker_slots or cgroup.cpu_quota()
    folder = Path(tempfile.mkdtemp(prefix="batchyard-"))  # 0700
    worker = f"{device}-{os.getpid()}@{os.uname().nodename}"
    memory = settings.trainer_memory_bytes or (cgroup.memory_bytes() // slots if device == "cpu" else 0)
    app = make_app(settings, device, slots)
    receivers = connect_signals(settings, device, worker, folder / "warm.sock")
    life = Life(settings, app, worker, device, slots, folder / "warm.sock", memory, heartbeat)
    receivers.append(life.heard)
    signals.task_received.connect(life.heard)
    # Daemon threads of the main process, never timers: the kernel ties the warm process to the thread that starts it.
    threading.Thread(target=life.keep_warm, daemon=True).start()
    threading.Thread(target=life.show, daemon=True).start()
    # As root, in a container without a user of its own, is the operator's choice.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    try:
        app.worker_main(["--quiet", "worker", "--loglevel", "WARNING", "--hostname", worker, *QUIET])
    finally:
        life.gone()
        shutil.rmtree(folder, ignore_errors=True)
        del receivers


class Life:
    """Keeps the warm process, shows that the worker is alive, and notices when it has gone deaf."""

    def __init__(
        self,
        settings: Settings,
        app: Celery,
        worker: str,
        device: str,
        slots: int,
        warm: Path,
        memory: int,
        heartbeat: Path | None,
    ) -> None:
        self.settings = settings
        self.app = app
        self.worker = worker
        self.device = device
        self.slots = slots
        self.warm = warm
        self.memory = memory
        self.heartbeat = heartbeat
        self.last_heard = time.monotonic()
        self.versions = {name: version(name) for name in ("torch", "celery", "batchyard")}

    def heard(self, **_: Any) -> None:
        """Note that a nudge came."""
        self.last_heard = time.monotonic()

    def keep_warm(self) -> None:
        """Start the warm process, and again whenever it ends."""
        command = [sys.executable, "-m", "worker.warm", str(self.warm), str(os.getpid()), str(self.memory)]
        while True:
            code = subprocess.Popen(command, env=child_environment(**ONE_THREAD)).wait()
            log.warning("the warm process ended and is started again", code=code)
            time.sleep(0.2)

    def show(self) -> None:
        """Show signs of life in SQL and in the heartbeat file, as long as there is a warm process."""
        bell = Bell(self.settings.redis_url)
        while not self.warm.exists():
            time.sleep(0.05)
        while True:
            try:
                # Opened and closed each time, so that no child that Celery forks inherits it in use.
                with closing(Database(self.settings, pool_size=1)) as database:
                    Workers(database, self.settings.online_s).seen(self.worker, self.device, self.slots, self.versions)
                self._restart_if_deaf(bell)
            except (NotReady, StorageFull) as error:
                log.warning("no sign of life", error=error.detail)
            if self.heartbeat:
                self.heartbeat.touch()
            time.sleep(SIGN_S)

    def gone(self) -> None:
        """Take the worker out of those that are online."""
        try:
            with closing(Database(self.settings, pool_size=1)) as database:
                Workers(database, self.settings.online_s).gone(self.worker)
        except (NotReady, StorageFull):
            return  # it goes out of date by itself

    def _restart_if_deaf(self, bell: Bell) -> None:
        """Drain and end when nudges wait, a slot is free and none is heard: known to happen after lost connections."""
        is_busy = len(state.active_requests) >= self.slots
        if is_busy or not bell.depth(self.device):
            self.last_heard = time.monotonic()
        elif time.monotonic() - self.last_heard > self.settings.deaf_s:
            log.error("nudges wait and none is heard: this worker ends, to be started again")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(self.settings.grace_s + 5)
            os._exit(1)  # the connection that made it deaf can hold up the end as well
