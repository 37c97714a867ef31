"""The migrations and the tables say the same, on both databases."""

import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.db.engine import Database, now, wal_is_safe
from services.db.schema import check_schema, head, migrate
from services.db.tables import Base


def test_upgrading_from_nothing_makes_exactly_the_tables(database: Database) -> None:
    with database.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLite can't reflect the index on an expression
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

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
