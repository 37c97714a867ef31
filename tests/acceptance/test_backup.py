"""A backup of a running stack, restored elsewhere: the job that ran then ends there with the same bits."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.backups import backup
from services.db.engine import Database
from services.settings import Settings, child_environment
from tests.acceptance.test_kill import result
from tests.hold import Hold
from tests.stack import TUTORIAL, Stack, local_stack

LONG: dict[str, Any] = {
    "data": {"builtin": "digits"},
    "model": {"type": "mlp", "hidden": [32], "dropout": 0.1},
    "batch_size": 16,
    "epochs": 12,
    "early_stopping": False,
}


@pytest.fixture
def empty_database(postgres: Path) -> Iterator[str]:
    """The URL of a PostgreSQL without any table."""
    name = f"moved_{time.monotonic_ns()}"
    with psycopg.connect(host=str(postgres), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"postgresql+psycopg://postgres@/{name}?host={postgres}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_job_that_ran_ends_with_the_same_bits_after_a_restore(tmp_path: Path, empty_database: str) -> None:
    file = tmp_path / "backup.tar"
    points = tmp_path / "points"
    points.mkdir()
    with local_stack(tmp_path / "first", "--workers", "1", faultpoints=str(points)) as stack:
        done = stack.submit(TUTORIAL)
        stack.finished(done)
        hold = Hold(points, "trainer.epoch")
        running = stack.submit(LONG)
        hold.next()
        assert epochs(stack, running)
        with closing(Database(Settings(storage_dir=tmp_path / "first"))) as database, open(file, "wb") as target:
            backup.write(database, target)
        assert not stack.json(f"/api/v1/jobs/{running}")["done"]
        hold.end()
        expected = result(stack, running), predicted(stack, done)

    restored = server("restore", str(file), "--data-dir", str(tmp_path / "second"), database_url=empty_database)
    assert "Restored" in restored
    quick = {"beat_interval_s": "0.3", "reap_interval_s": "1", "backoff_s": "0.1"}
    with local_stack(tmp_path / "second", "--workers", "1", "--database-url", empty_database, **quick) as stack:
        assert stack.finished(running)["error"] is None
        found = result(stack, running), predicted(stack, done)
        attempt = stack.json(f"/api/v1/jobs/{running}")["attempt"]

    assert found == expected
    assert attempt == 2


def epochs(stack: Stack, job_id: str) -> int:
    """Return how many epochs of a job are stored."""
    return len(stack.json(f"/api/v1/jobs/{job_id}/metrics")["data"])


def predicted(stack: Stack, job_id: str) -> Any:
    """Return what a job predicts for a row."""
    return stack.http.post(f"/api/v1/jobs/{job_id}/predict", json={"x": [[73, 80, 75]]}).json()["predictions"]


def server(*arguments: str, **settings: str) -> str:
    """Run a command of the server; return what it says."""
    environ = child_environment(**{f"BATCHYARD_{name.upper()}": value for name, value in settings.items()})
    command = [sys.executable, "-m", "batchyard", "server", *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr
