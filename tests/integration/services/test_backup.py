"""Backups of a service that works, restored into either database: the same rows, files and bits."""

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import JSON, delete

from services.backups import backup, restore
from services.backups.archive import Archive
from services.backups.backup import table_names
from services.backups.row_lines import Rows
from services.db.engine import Database
from services.db.tables import Job
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.training.model_summary import shapes, summary
from services.wiring import trainer
from services.wiring.base import Base, Intake, base
from tests.batches import numbers, queued, trained, upload
from tests.chaos.invariants import fingerprint
from tests.hold import until
from tests.make import make_job, train

LONG: dict[str, Any] = {
    "data": {"builtin": "iris"},
    "model": {"type": "mlp", "hidden": [8], "dropout": 0.1},
    "epochs": 8,
    "early_stopping": False,
}


@pytest.fixture
def place(joined: Base, postgres: Path, tmp_path: Path) -> Iterator[Settings]:
    """An empty folder to restore into and, for what comes from SQLite, an empty PostgreSQL: each goes to the other."""
    settings = replace(joined.settings, storage_dir=tmp_path / "restored", database_url="")
    if not joined.database.is_sqlite:
        yield settings
        return
    name = f"restored_{time.monotonic_ns()}"
    with psycopg.connect(host=str(postgres), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield replace(settings, database_url=f"postgresql+psycopg://postgres@/{name}?host={postgres}")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_restored_service_has_every_row_and_trains_to_the_same_bits(joined: Base, place: Settings) -> None:
    done = trained(joined)
    make_job(joined, name="waits", metadata={"a": 1.5, "b": "ü"})
    batch = queued(joined, done, upload(joined, numbers(30)), piece_rows=10)
    half = make_job(joined, **LONG, priority=9)
    interrupt(joined, half.id, after=3)

    file = io.BytesIO()
    written = backup.write(joined.database, file)
    restored = restore.restore(Archive(file), place)

    assert (restored.rows, restored.files, written.warnings) == (written.rows, written.files, [])
    rooms = base(place, Intake(ModelSizes(summary, shapes)))
    with closing(rooms.database):
        assert contents(rooms.database) == contents(joined.database)
        assert files_of(place.storage) == files_of(joined.settings.storage)
        assert fingerprint(rooms, done.id) == fingerprint(joined, done.id)
        assert rooms.batches.predictions.get("local", batch.id).status == "queued"
        for each in (rooms, joined):
            requeue(each, half.id)
            train(each, half.id)
        assert fingerprint(rooms, half.id) == fingerprint(joined, half.id)
        assert rooms.jobs.lookup.get("local", half.id).run.attempt == 2


def test_a_backup_is_of_one_moment_while_others_write(joined: Base, tmp_path: Path) -> None:
    stop = threading.Event()
    other = base(joined.settings, Intake(ModelSizes(summary, shapes)))

    def work() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            rows = {"x": [[float(n), float(k)] for k in range(4)], "y": [1.0, 2.0, 3.0, float(n)]}
            job = make_job(other, data=rows)
            other.jobs.commands.cancel("local", job.id)
            if n % 2:
                other.jobs.commands.delete("local", job.id)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        files = []
        for _ in range(2):
            files.append(io.BytesIO())
            assert backup.write(joined.database, files[-1]).warnings == []
    finally:
        stop.set()
        writer.join()
        other.database.close()

    for n, file in enumerate(files):
        place = replace(joined.settings, storage_dir=tmp_path / f"restored{n}", database_url="")
        restore.restore(Archive(file), place)
        rooms = base(place)
        with closing(rooms.database), rooms.database.reading() as session:
            for job in session.query(Job):
                assert rooms.files.datasets.is_intact(job.dataset_sha256), job.id
                assert len(rooms.jobs.lookup.events("local", job.id, after=0, limit=100)) == job.events_seq


def test_a_backup_says_which_files_are_missing_or_damaged(joined: Base) -> None:
    lost, damaged = (upload(joined, numbers(n), f"{n}.csv") for n in (5, 6))
    home = {name: joined.files.datasets.path(joined.datasets.find("local", name).sha256) for name in (lost, damaged)}
    (home[lost] / "original").unlink()
    (home[damaged] / "table.f32").write_bytes(b"\0" * 48)

    written = backup.write(joined.database, io.BytesIO())

    assert len(written.warnings) == 2
    assert "original is not in the storage folder" in written.warnings[0]
    assert "table.f32 does not have the SHA-256" in written.warnings[1]


def interrupt(joined: Base, job_id: str, after: int) -> None:
    """Train some epochs of a queued job and leave it running, as a worker that is killed would."""
    claim = joined.queue.claims.claim("cpu", "gone")
    assert claim is not None
    assert claim.job_id == job_id
    job = trainer.job(joined.settings, job_id, claim.attempt, lambda: None, lambda: None)
    with closing(job.database):
        job.recorder.started(job.training.environment())
        for costs, _ in zip(job.training.fit(), range(after), strict=False):
            job.recorder.epoch(costs, improved=job.training.best.improved(costs))


def requeue(joined: Base, job_id: str) -> None:
    """Let the reaper find a job whose worker is gone."""
    until(lambda: job_id in joined.attempts.reaper.look())  # a read that is late forgets those before
    with joined.database.transaction() as session:
        session.execute(delete(Job).where(Job.name == "waits"))  # of the same priority now
    assert joined.jobs.lookup.get("local", job_id).status == "queued"


def contents(database: Database) -> dict[str, list[Any]]:
    """Return every row of every table, JSON parsed."""
    found = {}
    with database.engine.connect() as connection:
        for name in table_names(connection):
            rows = Rows.of(connection, name)
            lines = [
                dict(zip(json.loads(head), json.loads(line), strict=True))
                for piece, _ in rows.pieces(connection)
                for head, *rest in [piece.splitlines()]
                for line in rest
            ]
            is_json = {column for column, kind in rows.types.items() if isinstance(kind, JSON)}
            found[name] = [
                {
                    column: json.loads(value) if column in is_json and value is not None else value
                    for column, value in line.items()
                }
                for line in lines
            ]
    return found


def files_of(storage: Path) -> dict[str, bytes]:
    """Return what lies in the folders of data sets and outputs."""
    return {
        str(path.relative_to(storage)): path.read_bytes()
        for folder in ("datasets", "predictions")
        for path in sorted((storage / folder).rglob("*"))
        if path.is_file() and path.suffix != ".verified"
    }
