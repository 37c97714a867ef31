"""The code of the release before, unchanged, serves and trains on a database that this one has migrated."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.db.schema import head
from services.jobs.submission import Submission
from services.specs.schema.job import JobSpec
from services.wiring.base import Base
from tests.integration.db.test_releases import minors_later
from tests.make import SMALL

RELEASED = Path(__file__).parents[2] / "acceptance" / "released"
CODE, KNOWS = RELEASED / "code-0025.tar.xz", "0025"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)  # a SQLite has one release at a time
def test_the_release_before_goes_on_beside_this_one(joined: Base, tmp_path: Path) -> None:
    newer = joined.jobs.service.submit(
        Submission(JobSpec.model_validate(SMALL), "local", {}, traceparent=PARENT)
    ).job.id
    with joined.database.transaction() as session:
        session.execute(text("UPDATE releases SET name = :next"), {"next": minors_later(1)})

    older = done_by_the_release_before(joined, SMALL | {"seed": 1}, tmp_path)

    assert (older["knows"], older["serves"]) == (KNOWS, head())
    assert older["trained"] == [newer, older["submitted"]]
    for job_id in older["trained"]:
        job = joined.jobs.lookup.get("local", job_id)
        assert (job.status, job.training.epochs_done) == ("succeeded", SMALL["epochs"])
        joined.jobs.commands.delete("local", job_id)


def done_by_the_release_before(joined: Base, spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run its code on this database, and return what it says."""
    with tarfile.open(CODE) as archive:
        archive.extractall(folder / "code", filter="data")
    told = {
        "PYTHONPATH": str(folder / "code"),
        "BATCHYARD_DATABASE_URL": joined.settings.sqlalchemy_url,
        "BATCHYARD_STORAGE_DIR": str(joined.settings.storage),
    }
    command = [sys.executable, str(RELEASED / "older_release.py"), json.dumps(spec)]
    done = subprocess.run(command, env=os.environ | told, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
