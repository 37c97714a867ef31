"""How long the pages take: the list with 10,000 jobs beside 100, a job with 10,000 epochs beside 100, on SQLite."""

import math
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from statistics import median

from flask.testing import FlaskClient
from sqlalchemy import insert, update

from api import create_app
from benchmarks.report import report
from services.db.engine import now
from services.db.schema import migrate
from services.db.tables import Epoch, Job
from services.settings import Settings
from services.wiring.base import Base
from tests import valkey

FEW, MANY = 100, 10_000
ROUNDS = 20
BARS = {"/": 200.0, "/?sort=best": 200.0, "/jobs/{id}": 300.0, "/jobs/{id}/curves": 300.0}  #: milliseconds, with many
JOB = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 5}
HTML = {"Accept": "text/html"}


def filled(folder: Path, redis_url: str, size: int) -> tuple[FlaskClient, str]:
    """Return a client of an API with so many jobs, the first of them with so many epochs, and that job's id."""
    settings = Settings(storage_dir=folder / str(size), redis_url=redis_url)
    settings.storage.mkdir(parents=True)
    app = create_app(settings)
    rooms: Base = app.extensions["batchyard"].base
    migrate(rooms.database)
    app.extensions["batchyard"].load_predictions()
    client = app.test_client()
    job_id = client.post("/api/v1/jobs", json=JOB).json["id"]
    with rooms.database.transaction() as session:
        job = session.get_one(Job, job_id)
        time_ = now(session)
        kept = {column.key: getattr(job, column.key) for column in Job.__mapper__.column_attrs}
        states = ["succeeded", "failed", "cancelled", "queued"]
        times = [time_ - timedelta(seconds=n) for n in range(size)]
        rows = [
            kept | {"id": f"job_{n}", "name": f"many-{n}", "state": states[n % 4], "created_at": at, "not_before": at}
            for n, at in enumerate(times)
        ]
        session.execute(insert(Job), rows)
        done = {"epochs_done": size, "best_epoch": size - 1, "best_value": 0.1}
        session.execute(update(Job).where(Job.id == job_id).values(**done))
        row = {"job_id": job_id, "attempt": 1, "lr": 0.1, "seconds": 0.1, "rows_per_second": 1.0, "best": False}
        costs = [{"epoch": n, "train_cost": 1 / n, "val_cost": math.sin(n), "metrics": {}} for n in range(1, size + 1)]
        session.execute(insert(Epoch), [row | cost for cost in costs])
    return client, job_id


def main() -> None:
    """Ask both for each page in turn, report the medians."""
    lines = []
    with tempfile.TemporaryDirectory() as folder, valkey.valkey_server(Path(folder)) as redis_url:
        asked = {size: filled(Path(folder), redis_url, size) for size in (FEW, MANY)}
        for page, bar in BARS.items():
            took: dict[int, list[float]] = {FEW: [], MANY: []}
            for turn in range(ROUNDS + 1):
                for size, (client, job_id) in asked.items():
                    began = time.perf_counter()
                    answer = client.get(page.replace("{id}", job_id), headers=HTML)
                    assert answer.status_code == 200, answer.text
                    if turn:
                        took[size].append((time.perf_counter() - began) * 1e3)
            few, many, worst = median(took[FEW]), median(took[MANY]), max(took[MANY])
            verdict = "" if many <= bar else " **missed**"
            lines.append(f"| {page} | {few:.1f} | {many:.1f}{verdict} | {worst:.1f} | {many / few:.1f} | {bar:.0f} |")
            print(lines[-1], flush=True)
        for client, _ in asked.values():
            with closing(client.application.extensions["batchyard"]):
                pass
    report(
        "pages",
        [
            f"Server time of a page with {FEW} and with {MANY:,} jobs or epochs, SQLite; median of {ROUNDS}, in turn.",
            "",
            "| page | ms, few | ms, many | worst | times | bar, ms |",
            "|---|---|---|---|---|---|",
            *lines,
        ],
    )


if __name__ == "__main__":
    main()
