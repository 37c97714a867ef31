"""All that can happen to jobs, once, in a process that dies at one fault point, and in one that goes on after it.

`python -m tests.chaos.life FOLDER FIRST EVERY` reads the settings from the environment. It lives once undisturbed and
counts the points; then, for each of them from FIRST on in steps of EVERY, a forked process lives until it is killed
there, and another heals what it left. Each result is a line of JSON. The parts are those of a worker, joined without
Celery: the trainer's own `run`, the supervisor's `settle`, the reaper.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.faultpoint import passed
from services.jobs.listing import Filters
from services.jobs.submission import Submission
from services.nudges import DEVICES
from services.queue.claims import Claim
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.specs.schema.job import JobSpec
from services.training.build import settle_process
from services.training.input.plugin_data import look
from services.training.model_summary import shapes, summary
from services.wiring.base import Base, Intake, base
from tests.chaos.invariants import broken, fingerprint
from worker import exit_handling, trainer
from worker.fork_server import LOADED
from worker.outcome import Ended, Outcome
from worker.stop_request import StopRequest

OWNER = "local"
R: dict[str, Any] = {
    "data": {"x": [[n % 7, n % 5, n % 3] for n in range(60)], "y": [float(n % 11) for n in range(60)]},
    "model": {"type": "mlp", "hidden": [12], "dropout": 0.1},
    "batch_size": 8,
    "epochs": 4,
    "early_stopping": False,
}


class Watch:
    """What a trainer looks at between two batches: a stop request after so many."""

    def __init__(self, stop: str | None, after: int) -> None:
        self.stop, self.after = stop, after
        self.asked: StopRequest | None = None
        self.steps = self.epoch = 0
        self.latest: dict[str, Any] = {}

    def __call__(self) -> str | None:
        """Return the request when its time has come."""
        self.after -= 1
        self.asked = StopRequest(self.stop) if self.stop and self.after <= 0 else None
        return None if self.asked is StopRequest.YIELD else self.asked

    def report(self, phase: str) -> None:
        """Tell nobody."""


class Life:
    """One life: what it asks of the service, and what it is answered goes to `told`."""

    def __init__(self, settings: Settings, told: Path) -> None:
        self.settings = settings
        self.told = told
        self.rooms: Base = base(settings, Intake(ModelSizes(summary, shapes), look), pool_size=2)

    def live(self) -> None:
        """Submit, train, drain, yield, pause, resume, cancel, lose a worker, and delete."""
        self.submit("trained")
        self.work()
        self.submit("drained")
        self.work("drain", after=12)
        self.work()
        self.submit("yielded")
        self.work("yield", after=9)
        self.work()
        paused = self.submit("paused")
        claim = self.claim()
        self.rooms.jobs.commands.pause(OWNER, paused)
        self.tell("pause", paused)
        self.train(claim, "pause", 5)
        self.rooms.jobs.commands.resume(OWNER, paused)
        self.tell("resume", paused)
        self.work()
        self.cancel(self.submit("cancelled"))
        running = self.submit("cancelled")
        claim = self.claim()
        self.cancel(running)
        self.train(claim, "cancel", 10)
        self.submit("silent")
        self.claim()
        while not self.rooms.attempts.reaper.look():  # a read that is late forgets those before
            pass
        self.work()
        self.tell("deleting", running)
        self.rooms.jobs.commands.delete(OWNER, running)
        self.tell("delete", running)

    def heal(self) -> None:
        """Do what the dispatcher and workers do when nothing fails any more, until no job is left."""
        for _ in range(200):
            self.reap()
            while claim := self.rooms.queue.claims.claim(DEVICES[0], "healer"):
                self.train(claim, None, 0)
            open_jobs = [job for job in self.jobs() if not job.done]
            for job in open_jobs:
                if job.status == "paused":
                    self.rooms.jobs.commands.resume(OWNER, job.id)
            if not open_jobs:
                return
            time.sleep(0.01)
        raise AssertionError(f"not healed: {[(job.name, job.status) for job in open_jobs]}")

    def jobs(self) -> list[Any]:
        """Return every job of this folder."""
        return self.rooms.jobs.listing.page(OWNER, Filters(), limit=100).items

    def submit(self, name: str) -> str:
        """Submit R and note the answer."""
        spec = JobSpec.model_validate(R | {"name": name})
        job = self.rooms.jobs.service.submit(Submission(spec, OWNER, submitted={})).job
        self.tell("submit", job.id)
        return job.id

    def cancel(self, job_id: str) -> None:
        """Cancel a job and note the answer."""
        self.rooms.jobs.commands.cancel(OWNER, job_id)
        self.tell("cancel", job_id)

    def claim(self) -> Claim:
        """Claim the one job that waits."""
        claim = self.rooms.queue.claims.claim(DEVICES[0], "worker")
        assert claim is not None
        return claim

    def work(self, stop: str | None = None, after: int = 0) -> None:
        """Claim a job and train it."""
        self.train(self.claim(), stop, after)

    def train(self, claim: Claim, stop: str | None, after: int) -> None:
        """Train a claimed job as its trainer does, and write its end as its supervisor does."""
        watch: Any = Watch(stop, after)
        requests = self.rooms.attempts.lifecycle.stop_requests(claim)
        if (
            requests and (requests.cancel or requests.pause) and stop is None
        ):  # what a supervisor would have asked by now
            watch = Watch("cancel" if requests.cancel else "pause", 1)
        code = trainer.run(claim.job_id, claim.attempt, self.settings, watch)
        request = StopRequest(watch.stop) if watch.stop else None
        exit_handling.settle(self.rooms.attempts.lifecycle, claim, Outcome(Ended(code), request=request))

    def reap(self) -> None:
        """Read the beats so often that a silent job is found, were every read in time."""
        for _ in range(self.settings.reap_reads):
            self.rooms.attempts.reaper.look()

    def tell(self, what: str, job_id: str) -> None:
        """Note what the client was told, so that it outlives this process."""
        with open(self.told, "a") as file:
            file.write(json.dumps([what, job_id]) + "\n")


def main() -> None:
    """Live undisturbed, then die at one point after the other."""
    folder, first, every = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    settings = Settings.from_env()
    for name in LOADED:  # once, not in each process that is forked
        importlib.import_module(name)
    told = folder / "told"
    _warm_up(settings, told)
    _say(folder, 0, settings, told)
    points = passed(folder)
    for number in range(first, len(points) + 1, every):
        _say(folder, number, settings, told)
    by_name = {name: points.count(name) for name in sorted(set(points))}
    print(json.dumps({"points": len(points), "by_name": by_name}), flush=True)


def _warm_up(settings: Settings, told: Path) -> None:
    """Live once here, so that the processes that are forked find what is set up at its first use set up."""
    settle_process()
    life = Life(settings, told)
    life.live()
    for job in life.jobs():
        life.rooms.jobs.commands.delete(OWNER, job.id)
    life.rooms.database.close()
    assert len(os.listdir("/proc/self/task")) == 1, "a process that forks has one thread"


def _say(folder: Path, number: int, settings: Settings, told: Path) -> None:
    told.unlink(missing_ok=True)
    (folder / "passed").unlink(missing_ok=True)
    (folder / "die").write_text(str(number))
    status = _forked(lambda: Life(settings, told).live())
    counted = passed(folder)
    (folder / "die").write_text("0")
    output = folder / "result"
    healed = _forked(lambda: output.write_text(json.dumps(_healed(settings, told))))
    if number == 0:
        os.truncate(folder / "passed", 0)
        (folder / "passed").write_text("".join(f"{name:<31}\n" for name in counted))
    result = json.loads(output.read_text()) if healed == 0 else {"broken": [f"the healer ended with {healed}"]}
    print(json.dumps({"point": number, "killed": status == -9, "ended": status, **result}), flush=True)


def _healed(settings: Settings, told: Path) -> dict[str, Any]:
    life = Life(settings, told)
    life.heal()
    answers = [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []
    found = broken(life.rooms, answers)
    bits = sorted({fingerprint(life.rooms, job.id) for job in life.jobs() if job.status == "succeeded"})
    jobs = life.jobs()
    for job in jobs:
        life.rooms.jobs.commands.delete(OWNER, job.id)
    return {"broken": found, "bits": bits, "jobs": len(jobs), "told": len(answers)}


def _forked(do: Callable[[], Any]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            settle_process()
            do()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
