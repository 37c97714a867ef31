"""Restores a backup: into an empty folder and, where there is one, an empty PostgreSQL. All of it or nothing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from sqlalchemy import Connection, inspect, text

from services.backup_errors import BackupRefused
from services.backups import base
from services.backups.archive import FILES, ROWS, Archive, Header
from services.backups.backup import table_names
from services.backups.base import BaseFiles
from services.backups.file_sources import FOLDERS, publish
from services.backups.row_lines import Rows
from services.db.engine import Database
from services.db.schema import head, upgrade
from services.objects.store import ObjectStore
from services.settings import Settings

DRAFT = ".restoring"


@dataclass
class Restored:
    """What was restored."""

    header: Header
    rows: int = 0
    files: int = 0


def check(archive: Archive, earlier: BaseFiles | None = None) -> None:
    """Read a whole backup, with the earlier one whose files it leaves out, and refuse it if it can't be restored here.

    Raises: BackupRefused when it is cut short, altered, or of a newer release.
    """
    header = archive.header
    if header.schema > head():
        raise BackupRefused(
            f"The backup was written by Batchyard {header.batchyard} with schema {header.schema}, newer than this "
            f"program's {head()}. Restore it with that release."
        )
    base.check(archive, earlier)
    archive.verify()


def restore(archive: Archive, settings: Settings, earlier: BaseFiles | None = None) -> Restored:
    """Check a backup and restore it; the folder gets its files only when everything is there.

    Raises: BackupRefused when the backup or the place for it is not as it has to be; StorageFull; NotReady.
    """
    check(archive, earlier)
    restored = Restored(archive.header)
    with (
        _draft(settings.storage) as draft,
        _database(settings, draft) as database,
        database.engine.connect() as connection,
    ):
        if not database.is_sqlite:
            _check_empty(connection)
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        upgrade(connection, archive.header.schema)
        _load(archive, connection, draft, restored)
        for name, content in base.left_out(archive, earlier):
            _write(content, draft / _safe(name.removeprefix(FILES)))
            restored.files += 1
        upgrade(connection, "head")
        if objects := ObjectStore.of(settings):
            publish(objects, draft)
        _insert_checkpoints(connection, draft, settings.chunk_bytes)
        if database.is_sqlite:
            connection.commit()
            connection.close()
            database.close()  # with its last connection the write-ahead log goes into the file
            _move(draft, settings.storage)
        else:
            _move(draft, settings.storage)
            _commit(connection, settings.storage)
    return restored


@contextmanager
def _draft(storage: Path) -> Iterator[Path]:
    """Yield a folder in an empty storage folder, which is empty again if anything fails."""
    draft = storage / DRAFT
    if draft.exists() and not _holds_files(storage, but=draft):
        shutil.rmtree(draft)  # of a restore that was killed
    if _holds_files(storage):
        raise BackupRefused(f"{storage} is not empty. Choose a new folder with --data-dir, or move away what is there.")
    draft.mkdir(parents=True)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _database(settings: Settings, draft: Path) -> Iterator[Database]:
    """Yield the database to fill: the PostgreSQL of the settings, or a SQLite in the draft."""
    target = settings if settings.database_url else replace(settings, storage_dir=draft)
    if target.database_url.startswith("sqlite"):
        raise BackupRefused("A SQLite database is restored into --data-dir: leave BATCHYARD_DATABASE_URL unset.")
    with closing(Database(target, pool_size=1)) as database:
        database.ping()
        yield database


def _check_empty(connection: Connection) -> None:
    if found := inspect(connection).get_table_names():
        raise BackupRefused(
            f"The database is not empty: it has {len(found)} tables, {found[0]} among them. Create a new one, and name "
            "it in BATCHYARD_DATABASE_URL."
        )


def _load(archive: Archive, connection: Connection, draft: Path, restored: Restored) -> None:
    tables = {name: Rows.of(connection, name) for name in table_names(connection)}
    for name in reversed(list(tables)):
        connection.execute(text(f'DELETE FROM "{name}"'))  # rows that migrations insert  # noqa: S608
    for member, content in archive.members():
        if member.startswith(ROWS):
            name = member.removeprefix(ROWS).partition("/")[0]
            if name not in tables:
                raise BackupRefused(f"The backup has a table {name[:100]!r} that its schema does not know.")
            restored.rows += tables[name].load(connection, content.read())
        elif member.startswith(FILES):
            _write(content, draft / _safe(member.removeprefix(FILES)))
            restored.files += 1


def _insert_checkpoints(connection: Connection, draft: Path, piece_bytes: int) -> None:
    """Move large checkpoints, which came from a bucket, into the database, where there is no bucket any more."""
    insert = text("INSERT INTO checkpoint_chunks (checkpoint_id, n, data) VALUES (:id, :n, :data)")
    for path in draft.glob("checkpoints/*"):
        with open(path, "rb") as file:
            for n, piece in enumerate(iter(partial(file.read, piece_bytes), b"")):
                connection.execute(insert, {"id": path.name, "n": n, "data": piece})
    shutil.rmtree(draft / "checkpoints", ignore_errors=True)


def _safe(name: str) -> PurePosixPath:
    """Return where a file goes below the storage folder; never elsewhere, whoever made the backup."""
    path = PurePosixPath(name)
    least = 2 if path.parts[:1] == ("checkpoints",) else 3
    if path.is_absolute() or ".." in path.parts or path.parts[0] not in FOLDERS or len(path.parts) < least:
        raise BackupRefused(f"The backup has a file {name[:100]!r}, which does not belong to Batchyard.")
    return path


def _write(content: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _move(draft: Path, storage: Path) -> None:
    """Put the files in their place, the database last: until it is there, nothing has been restored."""
    for entry in sorted(draft.iterdir(), key=lambda entry: entry.name not in FOLDERS):
        entry.rename(storage / entry.name)
    handle = os.open(storage, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _commit(connection: Connection, storage: Path) -> None:
    try:
        connection.commit()
    except BaseException:
        for name in FOLDERS:
            shutil.rmtree(storage / name, ignore_errors=True)
        raise


def _holds_files(folder: Path, but: Path | None = None) -> bool:
    """Return whether there is any file; empty folders are what a volume of an image comes with."""
    for where, folders, files in os.walk(folder):
        if but is not None and Path(where) == folder:
            folders[:] = [name for name in folders if name != but.name]
        if files:
            return True
    return False
