"""Many short jobs and a few long ones of three owners: when they are done here, and in bare Celery's plain queue.

Both sides train the same epochs with the same engine in two slots, and get the jobs in the same shuffled order at
once. An epoch's seconds are measured first, so that a short job trains for half a second and a long one for thirty.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from sqlalchemy import select

from benchmarks.persistence import job
from benchmarks.report import report
from services.db.tables import Job
from services.jobs.submission import Submission
from services.nudges import Bell, plain_url, top_up
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.specs.schema.job import JobSpec
from services.states import FINAL, JobState
from services.training.build import settle_process
from services.training.model_summary import summary
from services.wiring.base import Intake, base
from tests.make import make_training
from tests.stack import local_stack
from tests.valkey import valkey_server

SHORT, LONG = 36, 4
SHORT_S, LONG_S = 0.5, 30.0
OWNERS = 3
SLOTS = 2
SEED = 0
BAR = 0.5
LIMIT_S = 400
REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Piece:
    """One job of the mixture."""

    owner: str
    epochs: int
    is_long: bool


def mixture(epoch_s: float) -> list[Piece]:
    """Return the jobs in the order of their submit, the same for every run but for the epochs."""
    dice = random.Random(SEED)
    longs = [True] * LONG + [False] * SHORT
    dice.shuffle(longs)
    return [
        Piece(f"owner-{dice.randrange(OWNERS)}", max(1, round((LONG_S if is_long else SHORT_S) / epoch_s)), is_long)
        for is_long in longs
    ]


def seconds_of_an_epoch() -> float:
    """Train a little in this process."""
    settle_process()
    for epochs in (5, 50):  # the first training of a process imports parts of PyTorch
        training = make_training(**job() | {"epochs": epochs})
        began = time.perf_counter()
        for _costs in training.fit():
            pass
    return (time.perf_counter() - began) / epochs


def ours(pieces: list[Piece], folder: Path) -> list[float]:
    """Return the seconds from the first submit until each job is done, on a stack of its own."""
    with (
        local_stack(folder / "data", "--workers", str(SLOTS)),
        closing(Bell(f"redis+socket://{next((folder / 'data').rglob('*.sock'))}?virtual_host=0")) as bell,
    ):
        rooms = base(Settings(storage_dir=folder / "data"), Intake(ModelSizes(summary)))
        began = time.time()
        ids = []
        for piece in pieces:
            spec = JobSpec.model_validate(job() | {"epochs": piece.epochs})
            ids.append(rooms.jobs.service.submit(Submission(spec, piece.owner, submitted={})).job.id)
            top_up(bell, rooms.eligible, "cpu")
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            with rooms.database.reading() as session:
                query = select(Job.id, Job.state, Job.finished_at, Job.epochs_done).where(Job.state.in_(FINAL))
                done = {row.id: row for row in session.execute(query)}
            if len(done) == len(ids):
                break
            time.sleep(0.2)
        rooms.database.close()
    for job_id, piece in zip(ids, pieces, strict=True):
        assert (done[job_id].state, done[job_id].epochs_done) == (JobState.SUCCEEDED, piece.epochs)
    return [done[job_id].finished_at.timestamp() - began for job_id in ids]


def celery(pieces: list[Piece], folder: Path) -> list[float]:
    """Return the same for a bare Celery worker on a Valkey of its own."""
    with valkey_server(folder) as url:
        socket = plain_url(url).removeprefix("unix://").partition("?")[0]
        os.environ |= {"QUEUE_SOCKET": socket, "PYTHONPATH": str(REPOSITORY)}
        from benchmarks.peers.celery_training import train

        options = ["--concurrency", str(SLOTS), "--without-gossip", "--without-mingle", "--without-heartbeat"]
        module = "benchmarks.peers.celery_training"
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", module, "worker", "--loglevel", "ERROR", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            # One for each slot first, so that no import is measured.
            _all_there([_sent(train, folder / f"warm-{n}", 20) for n in range(SLOTS)])
            began = time.monotonic()
            paths = [_sent(train, folder / f"done-{n}", piece.epochs) for n, piece in enumerate(pieces)]
            _all_there(paths)
            return [float(path.read_text()) - began for path in paths]
        finally:
            worker.terminate()
            worker.wait(timeout=60)


def main() -> None:
    """Run one side after the other, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    rounds = parser.parse_args().rounds
    epoch_s = seconds_of_an_epoch()
    pieces = mixture(epoch_s)
    found: dict[str, list[list[float]]] = {"Batchyard": [], "Celery": []}
    for turn in range(rounds):
        for name in list(found) if turn % 2 == 0 else list(found)[::-1]:
            with tempfile.TemporaryDirectory() as folder:
                found[name].append((ours if name == "Batchyard" else celery)(pieces, Path(folder)))
    lines = []
    for name, runs in found.items():
        kinds = [
            [s for run in runs for s, p in zip(run, pieces, strict=True) if p.is_long is kind] for kind in (False, True)
        ]
        last = mean(max(run) for run in runs)
        lines.append(f"| {name} | {_of_all(runs):.1f} | {mean(kinds[0]):.1f} | {mean(kinds[1]):.1f} | {last:.1f} |")
    ratio = _of_all(found["Batchyard"]) / _of_all(found["Celery"])
    report(
        "mixed",
        [
            f"{SHORT} jobs of about {SHORT_S:g} s and {LONG} of {LONG_S:g} s ({epoch_s * 1e3:.1f} ms an epoch), of "
            f"{OWNERS} owners, shuffled with seed {SEED}, submitted at once; {SLOTS} slots; {rounds} run(s) of each.",
            "",
            "| side | mean s until done | of the short | of the long | last |",
            "|---|---|---|---|---|",
            *lines,
            "",
            f"Ours takes {ratio:.2f} of Celery's mean (bar: {BAR}{'' if ratio <= BAR else ', **missed**'}).",
        ],
    )


def _sent(task, path: Path, epochs: int) -> Path:  # type: ignore[no-untyped-def]
    task.delay(str(path), epochs)
    return path


def _all_there(paths: list[Path]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not all(path.exists() for path in paths):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _of_all(runs: list[list[float]]) -> float:
    return mean(seconds for run in runs for seconds in run)


if __name__ == "__main__":
    main()
