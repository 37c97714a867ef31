"""The data of an older release: every migration since keeps it, on both databases, and a backup of it is restored."""

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, inspect, text

from api import create_app
from services.backups import backup, restore
from services.backups.archive import Archive
from services.backups.row_lines import Rows
from services.db.engine import Database
from services.db.schema import MIGRATIONS, check_schema, current, head, migrate, upgrade
from services.errors import SchemaMismatch
from services.settings import Settings

RELEASED = Path(__file__).parents[2] / "acceptance" / "released" / "schema-0009.tar.xz"
OLDEST = "0009"
#: What no migration may change.
KEPT = (
    "SELECT id, name, state, epochs_done FROM jobs ORDER BY id",
    "SELECT job_id, epoch, train_cost, val_cost, best FROM epochs ORDER BY job_id, epoch",
    "SELECT id, job_id, kind, sha256 FROM checkpoints ORDER BY id",
    "SELECT id, sha256, rows FROM datasets ORDER BY id",
    "SELECT job_id, seq, type FROM events ORDER BY job_id, seq",
)


@pytest.fixture
def released(tmp_path: Path) -> Settings:
    """The settings of the older release's data folder."""
    folder = tmp_path / "released"
    with tarfile.open(RELEASED) as archive:
        archive.extractall(folder, filter="data")
    return Settings(storage_dir=folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An empty folder with an empty database of each kind."""
    settings = Settings(storage_dir=tmp_path / "place")
    if request.param == "sqlite":
        yield settings
        return
    server = request.getfixturevalue("postgres")
    name = f"older_{time.monotonic_ns()}"
    with psycopg.connect(host=str(server), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield replace(settings, database_url=f"postgresql+psycopg://postgres@/{name}?host={server}")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_every_migration_since_keeps_what_was_there(released: Settings, place: Settings) -> None:
    numbers = sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    with closing(Database(released)) as older, closing(Database(place)) as database:
        with older.engine.connect() as source, database.engine.connect() as target:
            upgrade(target, OLDEST)
            copy(source, target)
            target.commit()
            before = kept(target)
            target.rollback()
        for number in numbers[numbers.index(OLDEST) + 1 :]:
            with database.engine.connect() as connection:
                upgrade(connection, number)
                connection.commit()
            with database.engine.connect() as connection:
                assert kept(connection) == before, number
        assert check_schema(database) == head()
    assert len(before[0]) == 4


def test_a_backup_of_an_older_schema_is_restored_and_predicts_the_same(
    released: Settings, place: Settings, valkey: str
) -> None:
    expected = json.loads((released.storage / "expected.json").read_text())
    file = io.BytesIO()
    with closing(Database(released)) as older:
        written = backup.write(older, file)

    restore.restore(Archive(file), place)

    assert written.header.schema == OLDEST
    app = create_app(replace(place, redis_url=valkey))
    with closing(app.extensions["batchyard"]) as parts:
        parts.load_predictions()
        for name in ("tutorial", "iris", "people"):
            then = expected[name]
            now = app.test_client().post(f"/api/v1/jobs/{then['job']}/predict", json=then["rows"]).json
            assert now["predictions"] == then["predictions"]
            assert now["probabilities"] == then["probabilities"]


def test_a_newer_schema_is_refused_in_a_sentence(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()

    with pytest.raises(SchemaMismatch, match="Use the newer program that wrote it"):
        check_schema(database)
    with pytest.raises(SchemaMismatch, match="schema 9999, newer than this program's"):
        migrate(database)
    with pytest.raises(SchemaMismatch, match="schema 9999, newer than this program's"):
        backup.write(database, io.BytesIO())
    with database.engine.connect() as connection:
        assert current(connection) == "9999"


def copy(source: Connection, target: Connection) -> None:
    """Copy every row from one database into another of the same schema."""
    for name in backup.table_names(source):
        rows = Rows.of(target, name)
        target.execute(text(f"DELETE FROM {name}"))
        for piece, _ in Rows.of(source, name).pieces(source):
            rows.load(target, piece)


def kept(connection: Connection) -> list[Any]:
    """Return what no migration may change, and a digest of all weights."""
    assert inspect(connection).has_table("jobs")
    found: list[Any] = [[tuple(row) for row in connection.execute(text(query))] for query in KEPT]
    weights = hashlib.sha256()
    for data in connection.scalars(text("SELECT data FROM checkpoint_chunks ORDER BY checkpoint_id, n")):
        weights.update(data)
    return [*found, weights.hexdigest()]
