"""F27: many writers beside a reader that stays in its transaction see no locked SQLite, and its log is bounded."""

import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings

WRITERS, ROUNDS = 8, 40


def test_writers_beside_a_long_reader_wait_and_are_never_refused(tmp_path: Path) -> None:
    settings = Settings(storage_dir=tmp_path)
    failed: list[BaseException] = []
    with closing(Database(settings)) as database:
        migrate(database)
        if not is_wal(database):
            pytest.skip("a rollback journal has no reader that lets writers go on")
        with database.transaction() as session:
            session.execute(text("INSERT INTO owners (name, last_claim) VALUES ('o', 0)"))
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as reader:
            reader.exec_driver_sql("BEGIN")
            assert reader.scalar(text("SELECT last_claim FROM owners")) == 0
            write(settings, failed)
            assert reader.scalar(text("SELECT last_claim FROM owners")) == 0  # its moment is still the first
            reader.exec_driver_sql("ROLLBACK")

        assert failed == []
        with database.reading() as session:
            assert session.scalar(text("SELECT last_claim FROM owners")) == WRITERS * ROUNDS
        log = tmp_path / "batchyard.db-wal"
        grown = log.stat().st_size
        write(settings, failed)
        assert failed == []
        assert log.stat().st_size <= max(grown, 8 << 20)  # used again, now that nobody reads what is old


def is_wal(database: Database) -> bool:
    """Return whether writers write to a log."""
    with database.reading() as session:
        return bool(session.scalar(text("PRAGMA journal_mode")) == "wal")


def write(settings: Settings, failed: list[BaseException]) -> None:
    """Let several processes' worth of connections read and then write, all at once."""

    def work() -> None:
        try:
            with closing(Database(settings)) as own:
                for _ in range(ROUNDS):
                    with own.transaction() as session:
                        found = session.scalar(text("SELECT last_claim FROM owners"))
                        session.execute(text("UPDATE owners SET last_claim = :n"), {"n": int(found or 0) + 1})
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=work) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
