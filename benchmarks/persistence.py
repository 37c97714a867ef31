"""What keeping every epoch's costs and the best and last checkpoints adds to a job of 10 ms epochs.

    python -m benchmarks.persistence

The same training, in a process of its own each time: once every epoch goes to the recorder, as in a worker, once to
nobody. In the order A B B A, on SQLite and on PostgreSQL.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.report import report
from services.db.engine import Database
from services.db.schema import migrate
from services.jobs.submission import Submission
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.specs.schema.job import JobSpec
from services.states import StopReason
from services.training.build import settle_process
from services.training.model_summary import summary
from services.wiring import trainer
from services.wiring.base import Intake, base
from tests import postgres

ROWS = 5_000
EPOCHS = 400
ROUNDS = 4
BAR = 0.035


def job() -> dict[str, object]:
    """Return a job of whose rows 4,000 train: 63 steps an epoch."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 8)).round(3)
    y = (x[:, 0] * x[:, 1] + x[:, 2] + rng.normal(size=ROWS) / 4).round(3)
    return {
        "data": {"x": x.tolist(), "y": y.tolist()},
        "model": {"type": "mlp", "hidden": [64, 64], "number_embedding": None},
        "batch_size": 64,
        "epochs": EPOCHS,
        "early_stopping": False,
    }


def one(database: str, folder: str, *, kept: bool) -> None:
    """Train the job; print the seconds of an epoch."""
    settle_process()
    settings = Settings(database_url=database, storage_dir=Path(folder))
    rooms = base(settings, Intake(ModelSizes(summary)))
    rooms.jobs.service.submit(Submission(JobSpec.model_validate(job()), "local", submitted={}))
    claim = rooms.queue.claims.claim("cpu", "benchmark")
    assert claim is not None
    found = trainer.job(settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
    found.recorder.started(found.training.environment())
    began = time.perf_counter()
    for costs in found.training.fit():
        improved = found.training.best.improved(costs)
        if kept:
            found.recorder.epoch(costs, improved=improved)
    if kept:
        found.recorder.succeed(StopReason.COMPLETED)
    print(json.dumps((time.perf_counter() - began) / EPOCHS))


def seconds(database: str, folder: str, *, kept: bool) -> float:
    """Return what a process of its own tells."""
    command = [sys.executable, "-m", "benchmarks.persistence", "--one", database, "--folder", folder]
    done = subprocess.run([*command, "--kept"] if kept else command, check=True, capture_output=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run both in turn on both databases, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one")
    parser.add_argument("--folder")
    parser.add_argument("--kept", action="store_true")
    asked = parser.parse_args()
    if asked.one is not None:
        one(asked.one, asked.folder, kept=asked.kept)
        return
    lines = []
    postgres.FAST.clear()  # what is committed is on the disk
    with tempfile.TemporaryDirectory() as folder, postgres.postgres_server() as socket:
        for name, database in (
            ("SQLite", ""),
            ("PostgreSQL", f"postgresql+psycopg://postgres@/postgres?host={socket}"),
        ):
            with closing(Database(Settings(database_url=database, storage_dir=Path(folder)))) as opened:
                migrate(opened)
            turns = [True, False, False, True] * (ROUNDS // 2)
            found = [(kept, seconds(database, folder, kept=kept)) for kept in turns]
            with_it = median(s for kept, s in found if kept)
            without = median(s for kept, s in found if not kept)
            lines.append(f"| {name} | {without * 1e3:.2f} | {with_it * 1e3:.2f} | {with_it / without - 1:+.1%} |")
    report(
        "persistence",
        [
            f"{EPOCHS} epochs of 63 steps, validation and the best epoch found in both; median of {ROUNDS} runs each.",
            "",
            "| database | ms an epoch, nothing kept | costs and checkpoints kept | difference |",
            "|---|---|---|---|",
            *lines,
            "",
            f"Bar: {BAR:.1%}.",
        ],
    )


if __name__ == "__main__":
    main()
