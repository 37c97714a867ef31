"""Workers that tests start, and what they wait for."""

import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from safetensors.torch import load

from services.jobs.job_views import JobView
from services.nudges import Bell, top_up
from services.settings import PREFIX, Settings, child_environment
from services.wiring.base import Base
from tests.hold import until
from tests.processes import Process, below

LONG: dict[str, Any] = {
    "data": {"builtin": "digits"},
    "model": {"type": "mlp", "hidden": [48], "dropout": 0.1},
    "epochs": 80,
    "batch_size": 16,
    "early_stopping": False,
}
HELD = LONG | {"epochs": 12}  #: of a job that is held where a test wants it, and need not be long


class Worker:
    """A worker's main process and what is below it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        changed = {
            f.name: getattr(settings, f.name) for f in fields(settings) if getattr(settings, f.name) != f.default
        }
        environ = child_environment(**{PREFIX + name.upper(): str(value) for name, value in changed.items()})
        self.log = folder / f"worker-{time.monotonic_ns()}.log"
        command = [sys.executable, "-m", "local.parts", "worker", "--concurrency", "2"]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)

    @property
    def fork_server(self) -> list[Process]:
        """The fork server."""
        return [process for process in below(self.process.pid) if "worker.fork_server" in process.command][:1]

    @property
    def celery(self) -> list[Process]:
        """Celery's process."""
        return [p for p in below(self.process.pid) if "worker.celery_process" in p.command][:1]

    @property
    def supervisors(self) -> list[Process]:
        """What Celery's process forked."""
        return [process for celery in self.celery for process in below(celery.pid)]

    @property
    def trainers(self) -> list[Process]:
        """What the fork server forked, and gave a job."""
        return [process for server in self.fork_server for process in below(server.pid) if process.leads]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the main process and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


def result(joined: Base, job_id: str) -> tuple[Any, ...]:
    """All that interruptions must not change."""
    epochs = [(e.epoch, e.train_cost, e.val_cost) for e in joined.jobs.lookup.epochs("local", job_id)]
    best = joined.jobs.lookup.content(joined.jobs.lookup.checkpoint("local", job_id, "best"))
    weights = {name: tensor.numpy().tobytes() for name, tensor in load(best).items()}
    return epochs, weights, joined.jobs.lookup.get("local", job_id).training.best.epoch


def rang(joined: Base, bell: Bell, *, reaps: bool = False) -> bool:
    """Do what the dispatcher does, at its pace; it reaps where a test kills those who beat.

    Elsewhere it does not, because here a beat that is a second late costs a job an attempt.
    """
    top_up(bell, joined.eligible, "cpu")
    if reaps:
        joined.attempts.reaper.look()
        joined.batches.reaper.look()
    time.sleep(joined.settings.reap_interval_s)
    return True


def finished(joined: Base, bell: Bell, job_id: str, *, reaps: bool = False) -> JobView:
    """Ring until a job is done, and return it."""
    until(lambda: rang(joined, bell, reaps=reaps) and joined.jobs.lookup.get("local", job_id).done, timeout_s=120)
    return joined.jobs.lookup.get("local", job_id)
