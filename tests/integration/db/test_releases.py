"""A release goes on serving while the next one migrates, and for as long as they are neighbours."""

import ast
import os
import shutil
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from api import create_app
from services.db import releases
from services.db.engine import Database
from services.db.schema import MIGRATIONS, check_schema, head, migrate
from services.errors import SchemaMismatch
from services.settings import Settings
from tests.make import SMALL, train

PROMISED_AFTER = "0025"  #: migrations up to this one were written before it was promised that they only add
ADDING = {"create_table", "add_column", "create_index", "f", "execute", "get_bind"}


def minors_later(minors: int) -> str:
    """Return the release so many minor ones after ours."""
    major, minor, *_ = releases.own().split(".")
    return f"{major}.{int(minor) + minors}.0"


def migrated_by(connection: Connection, release: str) -> None:
    """Change what a later release may change, and note it as its `migrate` does."""
    connection.execute(text("ALTER TABLE jobs ADD COLUMN later VARCHAR"))
    connection.execute(text("ALTER TABLE epochs ADD COLUMN later INTEGER DEFAULT 0 NOT NULL"))
    connection.execute(text("CREATE TABLE of_later (id VARCHAR PRIMARY KEY)"))
    connection.execute(text("UPDATE alembic_version SET version_num = '9998'"))
    noted = "INSERT INTO releases (name, head, migrated_at) VALUES (:name, '9998', CURRENT_TIMESTAMP)"
    connection.execute(text(noted), {"name": release})


@pytest.fixture
def app(settings: Settings, valkey: str, database: Database) -> Flask:
    """The application of this release."""
    migrate(database)
    return create_app(replace(settings, redis_url=valkey))


def test_a_release_serves_while_the_next_one_migrates(app: Flask, database: Database) -> None:
    parts = app.extensions["batchyard"]
    client = app.test_client()
    before = client.post("/api/v1/jobs", json=SMALL).json["id"]
    answers: list[int] = []
    submit = threading.Thread(
        target=lambda: answers.append(app.test_client().post("/api/v1/jobs", json=SMALL).status_code), daemon=True
    )

    with database.engine.connect() as connection:
        migrated_by(connection, minors_later(1))
        submit.start()  # it may wait for the migration, and is not refused
        connection.commit()
    submit.join()
    trained = train(parts.base, before)
    predicted = client.post(f"/api/v1/jobs/{before}/predict", json={"x": [[1.0, 2.0]]})

    assert answers == [202]
    assert (trained.status, predicted.status_code) == ("succeeded", 200)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["migrations"]["head"]) == (200, "9998")
    assert check_schema(database) == "9998"  # so that it may also be restarted meanwhile
    parts.close()


@pytest.mark.parametrize("minors", [2, 9])
def test_a_release_that_is_too_far_behind_is_refused_and_both_are_named(database: Database, minors: int) -> None:
    migrate(database)
    with database.engine.connect() as connection:
        migrated_by(connection, minors_later(minors))
        connection.commit()

    with pytest.raises(SchemaMismatch) as refused:
        check_schema(database)

    assert f"Batchyard {minors_later(minors)}" in refused.value.detail
    assert f"Batchyard {releases.own()}" in refused.value.detail


@pytest.mark.parametrize("part", ["api", "worker"])
def test_no_part_starts_on_the_database_of_a_release_too_far_ahead(sqlite: Path, tmp_path: Path, part: str) -> None:
    shutil.copyfile(sqlite, tmp_path / "batchyard.db")
    with closing(Database(Settings(storage_dir=tmp_path))) as database, database.engine.connect() as connection:
        migrated_by(connection, minors_later(2))
        connection.commit()
    environ = os.environ | {"BATCHYARD_STORAGE_DIR": str(tmp_path)}

    command = [sys.executable, "-m", "local.parts", part]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert done.stderr.startswith(f"batchyard {part}: The database has schema 9998 of Batchyard {minors_later(2)},")


def test_a_newer_release_asks_for_its_migration_and_names_both(database: Database) -> None:
    migrate(database)
    with database.engine.connect() as connection:
        connection.execute(text("UPDATE releases SET name = '0.0.9', head = '0024'"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0024'"))
        connection.commit()

    with pytest.raises(SchemaMismatch) as refused:
        check_schema(database)

    assert "schema 0024 of Batchyard 0.0.9" in refused.value.detail
    assert f"Batchyard {releases.own()}, needs {head()}. Run: batchyard server migrate" in refused.value.detail


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("1.4.0", "1.4.9", True),
        ("1.4.0", "1.5.0", True),
        ("1.5.2", "1.4.0", True),
        ("1.4.0", "1.6.0", False),
        ("1.9.0", "2.0.0", False),
        ("0.10.0", "0.9.1", True),
        ("1.5.0rc1", "1.4.0", True),
        ("1.5.dev3+local", "1.4.0", True),
    ],
)
def test_which_releases_are_neighbours(one: str, other: str, may: bool) -> None:
    assert releases.are_neighbours(one, other) is may


def test_a_migration_only_adds_so_that_the_release_before_goes_on() -> None:
    later = [path for path in (MIGRATIONS / "versions").glob("[0-9]*.py") if path.name[:4] > PROMISED_AFTER]

    assert {path.name: found for path in later if (found := taken_away(path.read_text()))} == {}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ('op.drop_column("jobs", "a")', ["drop_column"]),
        ('op.alter_column("jobs", "a", new_column_name="b")', ["alter_column"]),
        ('op.batch_alter_table("jobs")', ["batch_alter_table"]),
        ('op.add_column("jobs", sa.Column("a", sa.String(), nullable=False))', ["add_column without a default"]),
        ('op.add_column("jobs", sa.Column("a", sa.String(), nullable=False, server_default=""))', []),
        ('op.add_column("jobs", sa.Column("a", sa.String(), nullable=True))', []),
        ('op.create_table("t", sa.Column("a", sa.String(), nullable=False))', []),
    ],
)
def test_the_scan_tells_adding_from_taking_away(words: str, found: list[str]) -> None:
    assert taken_away(f"def upgrade():\n    {words}\n\ndef downgrade():\n    op.drop_table('t')\n") == found


def taken_away(migration: str) -> list[str]:
    """Return what a migration does that a program would notice which does not know of it."""
    (upgrade,) = [node for node in ast.parse(migration).body if getattr(node, "name", "") == "upgrade"]
    found = []
    for call in ast.walk(upgrade):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        if ast.unparse(call.func.value) != "op":
            continue
        if call.func.attr not in ADDING:
            found.append(call.func.attr)
        elif call.func.attr == "add_column" and not _may_be_left_out(call.args[1]):
            found.append("add_column without a default")
    return found


def _may_be_left_out(column: ast.expr) -> bool:
    given = {word.arg: ast.unparse(word.value) for word in getattr(column, "keywords", [])}
    return "server_default" in given or given.get("nullable") == "True"
