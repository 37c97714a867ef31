"""Every part of the service as a process of its own, to be killed, stopped and started again one by one."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import redis

from local import valkey
from services.nudges import list_of
from services.processes import die_with_parent
from tests.hold import Hold
from tests.processes import Process, below

QUICK = {
    "beat_interval_s": "0.3",
    "stop_poll_interval_s": "0.2",
    "reap_interval_s": "0.4",
    "dispatch_interval_s": "0.5",
    "backoff_s": "0.1",
    "backoff_max_s": "0.5",
    "flush_interval_s": "0.2",
    "short_job_s": "0",  # only what a test does interrupts a job
    "max_attempts_without_progress": "60",  # the kills are ours, not the jobs' fault
}
#: The reference job: dropout, shuffling, a best epoch, and some seconds of training.
R: dict[str, Any] = {
    "data": {"builtin": "digits"},
    "model": {"type": "mlp", "hidden": [48], "dropout": 0.1},
    "batch_size": 16,
    "epochs": 80,
    "early_stopping": False,
}
SHORT = R | {"data": {"builtin": "iris"}, "epochs": 3}


class Part:
    """One process of the rig, started again as often as wanted."""

    def __init__(self, command: list[str], environ: dict[str, str], log: Path) -> None:
        self.command, self.environ, self.log = command, environ, log
        self.start()

    def start(self) -> None:
        """Start it."""
        rig = os.getpid()
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                self.command,
                env=os.environ | self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(rig),
            )

    def kill(self, number: int = signal.SIGKILL) -> int:
        """End it, and all that is below it, and wait; return its exit code."""
        return self.ended(self.signal(number), number)

    def signal(self, number: int) -> list[Process]:
        """Send it a signal; return what is below it then."""
        children = below(self.process.pid)
        self.process.send_signal(number)
        return children

    def ended(self, children: list[Process], number: int) -> int:
        """Wait until it and what was below it have ended after a signal; return its exit code."""
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired as late:
            what_they_wait_for = self._states()
            self.signal_tree(signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"not ended 60 s after signal {number}:\n{what_they_wait_for}") from late
        until(lambda: not any(child.alive for child in children), 20)
        return code

    @property
    def tree(self) -> list[int]:
        """The numbers of its processes."""
        return [self.process.pid, *(child.pid for child in below(self.process.pid))]

    def _states(self) -> str:
        """Say of each process whether it runs, sleeps or is stopped, and in which call of the kernel."""
        lines = []
        for pid in self.tree:
            with contextlib.suppress(OSError):
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                call = Path(f"/proc/{pid}/wchan").read_text()
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                lines.append(f"{pid} {state} {call} {command[-60:]}")
        return "\n".join(lines)

    def signal_tree(self, number: int) -> None:
        """Send a signal to it and all that is below it."""
        for pid in self.tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


class Rig:
    """A Valkey, an API, two dispatchers and two workers of one slot each, on one database."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self.folder = folder
        (folder / "logs").mkdir(parents=True)
        command, redis_url = valkey.command(folder)
        self.environ = {
            f"BATCHYARD_{name.upper()}": value
            for name, value in (QUICK | {"database_url": database_url, "redis_url": redis_url} | settings).items()
        }
        self.environ["BATCHYARD_STORAGE_DIR"] = str(folder / "data")
        self.redis = redis.Redis.from_url("unix://" + redis_url.removeprefix("redis+socket://").partition("?")[0])
        self.valkey = Part(command, {}, folder / "logs" / "valkey")
        self._part("migrate", "migrate").process.wait()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.api = self._part("api", "api", "--bind", f"127.0.0.1:{port}")
        self.dispatchers = [self._part(f"dispatcher{n}", "dispatcher") for n in range(2)]
        self.workers = [self._part(f"worker{n}", "worker", "--concurrency", "1") for n in range(2)]
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=40)
        self.told: list[tuple[str, str]] = []  #: what clients were answered, and of which job
        until(lambda: self.ask("GET", "/readyz").get("workers_online") == 2)

    def close(self) -> None:
        """Stop everything."""
        for part in (self.api, *self.dispatchers, *self.workers, self.valkey):
            if part.process.poll() is None:
                part.signal_tree(signal.SIGCONT)
                part.kill()
        self.http.close()
        self.redis.close()

    def hold(self, name: str) -> Hold:
        """Keep processes at a point; at `trainer.trained` jobs run, but can't end."""
        return Hold(self.folder / "points", name)

    def heal(self) -> None:
        """Let every part go on, start those that ended, and end the jobs that are still open."""
        (self.folder / "points" / "hold").unlink(missing_ok=True)
        parts = (self.valkey, self.api, *self.dispatchers, *self.workers)
        for part in parts:
            part.signal_tree(signal.SIGCONT)
            if part.process.poll() is not None:
                part.start()
        for state in ("queued", "running", "paused"):
            for job in self.ask("GET", f"/api/v1/jobs?status={state}&limit=100")["data"]:
                self.ask("POST", f"/api/v1/jobs/{job['id']}/cancel")
                self.finish(job["id"])

    def ask(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """Return the JSON of a request, asked again while the API is away or says 503."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.http.request(method, path, **parts)
            except httpx2.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
                continue
            if answer.status_code != 503:
                break
            assert "Retry-After" in answer.headers, answer.text
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.2)
        assert answer.status_code < 500, answer.text  # I12
        return dict(answer.json())

    def submit(self, spec: dict[str, Any], key: str | None = None) -> str:
        """Submit a job and note that it was acknowledged."""
        headers = {"Idempotency-Key": key} if key else {}
        job = self.ask("POST", "/api/v1/jobs", json=spec, headers=headers)
        assert "id" in job, job
        self.told.append(("submit", job["id"]))
        return str(job["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job."""
        return self.ask("GET", f"/api/v1/jobs/{job_id}")

    def finish(self, *job_ids: str, timeout_s: float = 240) -> list[dict[str, Any]]:
        """Wait until jobs are done and return them."""
        done: list[dict[str, Any]] = []
        deadline = time.monotonic() + timeout_s
        for job_id in job_ids:
            while not (job := self.job(job_id))["done"]:
                assert time.monotonic() < deadline, (job["status"], job["attempt"], job["progress"], job["queue"])
                time.sleep(0.05)
            done.append(job)
        return done

    def trainers(self, *workers: Part) -> list[Process]:
        """Return the processes that train, of all workers or of some."""
        warm = [p for w in workers or self.workers for p in below(w.process.pid) if "worker.fork_server" in p.command]
        roots = {p.pid for p in warm}
        return [p for p in warm if p.parent in roots and p.leads]

    def supervisors(self) -> list[Process]:
        """Return the pool's children."""
        found = [p for w in self.workers for p in below(w.process.pid) if "worker.celery_process" in p.command]
        return [p for p in found if p.parent in {celery.pid for celery in found}]

    def waiting(self) -> int:
        """Return how many nudges wait, 0 while Redis is away."""
        try:
            return int(self.redis.llen(list_of("cpu")))
        except redis.ConnectionError:
            return 0

    def _part(self, name: str, *arguments: str) -> Part:
        command = [sys.executable, "-m", "local.parts", *arguments]
        return Part(command, self.environ, self.folder / "logs" / name)


def until(is_so: Callable[[], Any], timeout_s: float = 60) -> float:
    """Wait until something is so; return how long that took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < timeout_s
        time.sleep(0.02)
    return time.monotonic() - began
