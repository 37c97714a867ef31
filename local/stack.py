"""The local stack: every part of the server under one process that starts, watches, restarts and stops them."""

import contextlib
import fcntl
import logging
import logging.handlers
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import orjson
import redis

from local import first_key, valkey
from services.db.engine import Database
from services.db.schema import migrate
from services.nudges import plain_url
from services.objects.address import Address
from services.processes import die_with_parent
from services.settings import PREFIX, Settings, child_environment

RESTART_S, RESTART_MAX_S = 0.3, 5.0  #: pauses before a part that died is started again
STEADY_S = 30.0  #: a part that lived so long begins with the short pause again
LOG_BYTES, LOG_FILES = 5 * 2**20, 3
#: Whose turn it is when all stops, and how long it may take; together less than 10 s.
STOPPING = [(("api", "dispatcher"), 3.0), (("worker",), 5.0), (("valkey",), 1.0)]


@dataclass
class Part:
    """A process of the stack."""

    name: str
    command: list[str]
    process: "subprocess.Popen[str] | None" = None
    started: float = 0.0
    pause_s: float = RESTART_S


@dataclass
class Stack:
    """What `batchyard up` runs: where, and with what."""

    folder: Path
    port: int
    workers: int
    say: Callable[[str], None]
    host: str = "127.0.0.1"
    owner: str = "admin"
    redis_url: str = ""
    database_url: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: TextIO | None = None

    @property
    def url(self) -> str:
        """Where the API answers on this host."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        """Start every part and return when a job could be submitted and trained.

        Raises: SystemExit with one sentence when the folder or the port is taken, or a part does not come up.
        """
        lock = self._lock_folder()
        self.port = _free_port(self.host, self.port)
        lock.write(f"pid {os.getpid()}, {self.url}")
        lock.flush()
        settings = self._settings()
        with closing(Database(settings)) as database:
            schema = migrate(database)
            kind = "sqlite" if database.is_sqlite else "postgresql"
            if settings.auth == "keys" and (made := first_key.make(database, self.owner)):
                self.say(made)
        self.say(f" ✓ database    {kind}, schema {schema}")
        if not self.redis_url:
            command, self.redis_url = valkey.command(self.folder)
            self._launch("valkey", command)
            self._wait_for("valkey", lambda: _answers(self.redis_url))
            self.say(" ✓ queue       valkey, embedded")
        module = [sys.executable, "-m", "local.parts"]
        self._launch("dispatcher", [*module, "dispatcher"])
        self._launch("worker", [*module, "worker", "--concurrency", str(self.workers)])
        self._launch("api", [*module, "api", "--bind", f"{self.host}:{self.port}"])
        self._wait_for("api", lambda: self._ready() is not None)
        self.say(" ✓ api         ready\n ✓ dispatcher  ready")
        self._wait_for("worker", lambda: bool((self._ready() or {}).get("workers_online")))
        self.say(f" ✓ worker      cpu x{self.workers}, ready")

    def watch(self) -> None:
        """Start parts again that died, until `stopping` is set."""
        while not self.stopping.wait(0.1):
            for part in self.parts.values():
                lived = time.monotonic() - part.started
                if part.process is None or part.process.poll() is None or lived < part.pause_s:
                    continue
                part.pause_s = RESTART_S if lived > STEADY_S else min(RESTART_MAX_S, 2 * part.pause_s)
                self.say(f" ! {part.name} ended with {part.process.returncode}; restarting it")
                self._start(part)

    def stop(self) -> None:
        """Stop every part in order: nothing new comes in, what runs is stored at its batch, then the queue goes."""
        self.stopping.set()
        for names, patience_s in STOPPING:
            turn = [part.process for name in names if (part := self.parts.get(name)) and part.process]
            for process in turn:
                process.terminate()
            deadline = time.monotonic() + patience_s
            for process in turn:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=max(0.0, deadline - time.monotonic()))
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if self.lock:
            self.lock.truncate(0)
            self.lock.close()

    def _settings(self) -> Settings:
        given = Settings.from_env()
        own = replace(given, storage_dir=self.folder, database_url=self.database_url or given.database_url)
        own = replace(own, bound_host=self.host)
        if own.is_open and not Settings.is_given("auth"):
            own = replace(own, auth="keys")  # whoever opens it to a network need not say twice that it asks for keys
        own.check_doors()
        Address.of(own)
        return own

    def _environment(self) -> dict[str, str]:
        settings = self._settings()
        more = {
            "STORAGE_DIR": str(self.folder),
            "DATABASE_URL": settings.sqlalchemy_url,
            "REDIS_URL": self.redis_url,
            "AUTH": settings.auth,
            "ALLOWED_HOSTS": first_key.allowed_hosts(settings),
        }
        return child_environment(PYTHONUNBUFFERED="1", **{PREFIX + name: value for name, value in more.items()})

    def _launch(self, name: str, command: list[str]) -> None:
        self.parts[name] = Part(name, command)
        self._start(self.parts[name])

    def _start(self, part: Part) -> None:
        up = os.getpid()
        part.started = time.monotonic()
        part.process = subprocess.Popen(
            part.command,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A session of its own: Ctrl-C reaches `up` alone, which stops the parts in order.
            start_new_session=True,
            # `up` starts parts from its main thread only, which lives as long as it.
            preexec_fn=lambda: die_with_parent(up),
        )
        threading.Thread(target=self._copy_output, args=(part.name, part.process), daemon=True).start()

    def _copy_output(self, name: str, process: "subprocess.Popen[str]") -> None:
        folder = self.folder / "logs"
        folder.mkdir(exist_ok=True)
        file = logging.handlers.RotatingFileHandler(folder / f"{name}.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES)
        with contextlib.closing(file):
            for text in process.stdout or []:
                file.emit(logging.LogRecord(name, logging.INFO, "", 0, text.rstrip("\n"), None, None))
                if name != "valkey":
                    self.say(f"{name:<10} | {text.rstrip()}")

    def _wait_for(self, name: str, is_ready: Callable[[], bool], patience_s: float = 60) -> None:
        deadline = time.monotonic() + patience_s
        process = self.parts[name].process
        while not is_ready():
            if process and process.poll() is not None:
                raise SystemExit(f"{name} ended with {process.returncode}; see {self.folder / 'logs' / name}.log")
            if time.monotonic() > deadline:
                raise SystemExit(f"{name} is not ready after {patience_s:.0f} s; see {self.folder / 'logs' / name}.log")
            if self.stopping.wait(0.05):
                raise SystemExit(0)

    def _ready(self) -> dict[str, object] | None:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                found: dict[str, object] = orjson.loads(answer.read())
                return found
        except OSError:
            return None

    def _lock_folder(self) -> TextIO:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = open(self.folder / "up.lock", "a+")  # held as long as the stack runs
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise SystemExit(f"{self.folder} is in use: {holder}. Stop it, or choose another --data-dir.") from None
        lock.truncate(0)
        self.lock = lock
        return lock


def _free_port(host: str, port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SystemExit(f"Port {port} is taken ({error.strerror}); choose another with --port.") from None
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with closing(redis.Redis.from_url(plain_url(url))) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
