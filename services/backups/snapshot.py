"""The service as it is at one moment, while it goes on: the rows of one transaction, and the files that they name."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from services.backups.file_sources import FetchedFiles, LinkedFiles, StoredFile
from services.batches.output_files import piece_name
from services.datasets.storage import INFO, ORIGINAL, TABLE
from services.db.engine import Database
from services.disk import free_bytes
from services.errors import StorageFull
from services.objects.store import ObjectStore

TRIES = 3
DRAFT = ".backup-"


@dataclass(frozen=True)
class Snapshot:
    """One moment of the service."""

    connection: Connection  #: sees the rows of that moment alone
    source: LinkedFiles | FetchedFiles  #: the files as they were
    files: list[StoredFile]
    missing: list[str]  #: files that rows name and that are not there


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """Yield this moment of the service; nobody waits for it.

    Raises: StorageFull when SQLite's copy has no room; NotReady.
    """
    database.ping()
    storage = database.settings.storage
    storage.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(storage)
    before: list[str] | None = None
    for tries_left in reversed(range(TRIES)):
        with (
            tempfile.TemporaryDirectory(prefix=DRAFT, dir=storage) as draft,
            _held(Path(draft)),
            _rows(database, Path(draft) / "rows") as connection,
        ):
            source = _source(database, Path(draft) / "files")
            files = list(_named(connection, source))
            missing = [file.name for file in files if not source.take(file)]
            # Deleted between the rows and the links, or lost before? The next moment's rows say.
            if not missing or missing == before or not tries_left:
                kept = [file for file in files if file.name not in set(missing)]
                yield Snapshot(connection, source, kept, missing)
                return
        before = missing


@contextmanager
def _held(draft: Path) -> Iterator[bool]:
    """Lock a folder, which a process that is killed lets go of; yield whether nobody else holds it."""
    handle = os.open(draft, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = True
        except BlockingIOError:
            is_ours = False
        yield is_ours
    finally:
        os.close(handle)


def _remove_leftovers(storage: Path) -> None:
    """Remove the copies of backups that were killed."""
    for draft in storage.glob(f"{DRAFT}*"):
        with suppress(FileNotFoundError), _held(draft) as is_left:
            if is_left:
                shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _rows(database: Database, folder: Path) -> Iterator[Connection]:
    if not database.is_sqlite:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with database.engine.connect().execution_options(**options) as connection:
            # Whoever takes the backup may be slow.
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.execute(text(f"SET LOCAL {name} = 0"))
            yield connection
        return
    folder.mkdir()
    copy = folder / "batchyard.db"
    with database.reading() as session:
        size = session.scalar(
            text(
                "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(), "
                "pragma_freelist_count(), pragma_page_size()"
            )
        )
        _check_room(database, int(size or 0))
        # A copy, because a transaction that reads for long would keep the write-ahead log, or every writer, waiting.
        session.execute(text("VACUUM INTO :copy"), {"copy": str(copy)})
    with (
        closing(Database(replace(database.settings, database_url=f"sqlite:///{copy}"), pool_size=1)) as copied,
        copied.engine.connect() as connection,
    ):
        yield connection


def _check_room(database: Database, size: int) -> None:
    free = free_bytes(database.settings.storage)
    if free - size < database.settings.disk_reserve_bytes:
        raise StorageFull(
            f"A backup needs {size / 1e6:,.0f} MB for a while in {database.settings.storage}, beside the reserve of "
            f"{database.settings.disk_reserve_bytes / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are free."
        )


def _source(database: Database, folder: Path) -> LinkedFiles | FetchedFiles:
    objects = ObjectStore.of(database.settings)
    return FetchedFiles(objects, folder) if objects else LinkedFiles(database.settings.storage, folder)


def _named(connection: Connection, source: LinkedFiles | FetchedFiles) -> Iterator[StoredFile]:
    """Yield the files that rows name."""
    named = text("SELECT DISTINCT sha256 FROM datasets WHERE source <> 'plugin' ORDER BY sha256")
    for sha256 in connection.scalars(named):
        home = f"datasets/{sha256[:2]}/{sha256}"
        recorded = source.digests(home)
        for name in (ORIGINAL, TABLE, INFO):
            yield StoredFile(f"{home}/{name}", recorded.get(name))
    large = text(
        "SELECT id, sha256 FROM checkpoints WHERE state = 'ready' AND NOT EXISTS "
        "(SELECT 1 FROM checkpoint_chunks WHERE checkpoint_id = checkpoints.id) ORDER BY id"
    )
    for row in connection.execute(large):
        yield StoredFile(f"checkpoints/{row.id}", row.sha256)
    if not inspect(connection).has_table("batch_predictions"):
        return  # the schema of an older release
    whole = text("SELECT id, file, sha256 FROM batch_predictions WHERE file IS NOT NULL ORDER BY id")
    for row in connection.execute(whole):
        yield StoredFile(f"predictions/{row.id}/{row.file}", row.sha256)
    pieces = text("SELECT prediction_id, n, attempt, sha256 FROM prediction_pieces ORDER BY prediction_id, n")
    for row in connection.execute(pieces):
        yield StoredFile(f"predictions/{row.prediction_id}/{piece_name(row.n, row.attempt)}", row.sha256)
