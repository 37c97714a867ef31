"""What SQLite waits for the disk for: all but what a power cut may take, and that is no other transaction."""

import pytest
from sqlalchemy import text

from services.db.engine import Database, sqlite_module, wal_is_safe

FULL, NORMAL = 2, 1  #: Source: sqlite.org/pragma.html#pragma_synchronous


def synchronous(database: Database, *, durable: bool) -> int:
    with database.transaction(durable=durable) as session:
        return int(session.scalar(text("PRAGMA synchronous")) or 0)


def test_only_what_need_not_be_durable_is_committed_without_waiting(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL waits for every commit")
    passing = NORMAL if wal_is_safe(sqlite_module().sqlite_version_info) else FULL

    found = [synchronous(database, durable=durable) for durable in (True, False, False, True, False, True)]

    assert found == [FULL, passing, passing, FULL, passing, FULL]


def test_a_rollback_journal_is_always_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has no rollback journal")
    monkeypatch.setattr(sqlite_module(), "sqlite_version_info", (3, 51, 2))
    other = Database(database.settings)

    assert [synchronous(other, durable=durable) for durable in (False, True)] == [FULL, FULL]
    other.close()
