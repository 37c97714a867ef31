"""The migrations and the tables say the same, on both databases."""

import warnings

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import delete, text, update
from sqlalchemy.exc import IntegrityError

from services.db.engine import Database, now, wal_is_safe
from services.db.schema import MIGRATIONS, check_schema, head, migrate
from services.db.tables import Base as Tables
from services.db.tables import Dataset
from services.settings import Settings
from services.wiring.base import Base
from tests.make import make_job


def test_upgrading_from_nothing_makes_exactly_the_tables(database: Database) -> None:
    with database.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLite can't reflect the index on an expression
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Tables.metadata)

    assert [change for change in differences if "ix_jobs_queue" not in str(change)] == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == head()
    assert check_schema(database) == head()


def test_the_databases_clock_is_aware_and_moves_on(database: Database) -> None:
    with database.reading() as session:
        first, second = now(session), now(session)

    assert first.utcoffset() is not None
    assert first <= second


def test_a_write_ahead_log_is_trusted_only_where_its_bug_is_mended() -> None:
    assert wal_is_safe((3, 53, 4))
    assert wal_is_safe((3, 50, 7))
    assert wal_is_safe((3, 44, 6))
    assert not wal_is_safe((3, 40, 1))
    assert not wal_is_safe((3, 51, 2))
    assert not wal_is_safe((3, 50, 6))


def test_a_plugins_data_is_let_in_without_losing_the_data_of_jobs(joined: Base) -> None:
    job = make_job(joined)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    for move in (command.downgrade, command.upgrade):
        with joined.database.engine.connect() as connection:
            config.attributes["connection"] = connection
            move(config, "0003-1" if move is command.downgrade else "head")
            connection.commit()

    with joined.database.transaction() as session:
        session.execute(update(Dataset).values(source="plugin"))
    with pytest.raises(IntegrityError), joined.database.transaction() as session:
        session.execute(update(Dataset).values(source="elsewhere"))
    with pytest.raises(IntegrityError), joined.database.transaction() as session:
        session.execute(delete(Dataset))
    assert joined.jobs.lookup.get("local", job.id).data.sha256 == job.data.sha256


def test_a_connection_is_opened_while_another_writes(database: Database, settings: Settings) -> None:
    migrate(database)
    other = Database(settings)

    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET priority = 1"))
        with other.reading() as reader:
            assert reader.scalar(text("SELECT count(*) FROM jobs")) == 0
            if other.is_sqlite:
                assert reader.scalar(text("PRAGMA auto_vacuum")) == 2  # incremental, from the first connection on
    other.close()
