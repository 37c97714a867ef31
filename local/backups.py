"""`batchyard server backup` and `restore`: all that the service keeps, in one file, and back."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from services.backup_errors import BackupRefused
from services.settings import Settings

if TYPE_CHECKING:
    from services.backups.base import BaseFiles

STANDARD = "-"  #: standard output or input instead of a file


def add_parsers(parts: Any) -> None:
    """Add both commands to those of the server."""
    part = parts.add_parser("backup", help="writes everything to one file, while jobs go on")
    part.add_argument("file", metavar="FILE", help="a new file; - is standard output")
    part.add_argument("--base", metavar="EARLIER", help="a backup whose files are left out; a restore needs it, too")
    part.add_argument("--data-dir", type=Path, help="folder of `batchyard up`; else BATCHYARD_STORAGE_DIR")
    part.set_defaults(start=write)
    part = parts.add_parser("restore", help="puts a backup into an empty folder, and an empty PostgreSQL if one is set")
    part.add_argument("file", metavar="FILE", help="what `backup` wrote; - is standard input")
    part.add_argument("--base", metavar="EARLIER", help="the backup that FILE was made on, if it was made on one")
    part.add_argument("--data-dir", type=Path, help="a new or empty folder; else BATCHYARD_STORAGE_DIR")
    part.add_argument("--check", action="store_true", help="only read and verify the backup")
    part.set_defaults(start=read)


def write(settings: Settings, arguments: argparse.Namespace) -> None:
    """Write a backup; a file appears whole or not at all."""
    # Here, as in `read`: the other parts of the server, a health check first of all, start without these libraries.
    from services.backups import backup
    from services.db.engine import Database

    settings = replace(settings, storage_dir=arguments.data_dir or settings.storage_dir)
    if not settings.database_url and not (settings.storage / "batchyard.db").exists():
        raise BackupRefused(f"There is no database in {settings.storage}; name the folder with --data-dir.")
    with (
        _earlier(arguments.base) as earlier,
        closing(Database(settings, pool_size=2)) as database,
        _output(arguments.file) as file,
    ):
        written = backup.write(database, file, earlier)
    for warning in written.warnings:
        _say(f"Warning: {warning} The backup was made without what is missing.")
    _say(
        f"Backed up {written.rows:,} rows and {written.files:,} files, {written.size_bytes / 1e6:,.1f} MB, of schema "
        f"{written.header.schema}."
    )
    if arguments.base:
        _say(f"{written.left_out:,} more files are in {arguments.base}: a restore needs it, too. Keep it.")


def read(settings: Settings, arguments: argparse.Namespace) -> None:
    """Restore a backup, or only check it."""
    from services.backups import restore
    from services.backups.archive import Archive

    settings = replace(settings, storage_dir=arguments.data_dir or settings.storage_dir)
    with _input(arguments.file) as file, _earlier(arguments.base) as earlier:
        archive = Archive(file)
        header = archive.header
        if arguments.check:
            restore.check(archive, earlier)
            _say(f"The backup is whole: {header.created_at}, Batchyard {header.batchyard}, schema {header.schema}.")
            return
        restored = restore.restore(archive, settings, earlier)
    _say(
        f"Restored {restored.rows:,} rows and {restored.files:,} files of {header.created_at} into {settings.storage}"
        f"{' and the database' if settings.database_url else ''}. Jobs that were running continue when it starts."
    )


@contextmanager
def _output(name: str) -> Iterator[BinaryIO]:
    if name == STANDARD:
        if sys.stdout.isatty():
            raise BackupRefused("Standard output is a terminal; name a file, or redirect it into one.")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    if path.exists():
        raise BackupRefused(f"{path} already exists; choose another name.")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # For its owner alone: it holds everybody's data.
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, it replaces nothing
    except FileExistsError:
        raise BackupRefused(f"{path} already exists; choose another name.") from None
    except OSError as error:
        raise BackupRefused(f"{path} can't be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _earlier(name: str | None) -> Iterator["BaseFiles | None"]:
    """Yield the files of the earlier backup that is named, if one is."""
    from services.backups.archive import Archive
    from services.backups.base import BaseFiles

    if name is None:
        yield None
        return
    with _input(name) as file:
        yield BaseFiles(Archive(file), name)


@contextmanager
def _input(name: str) -> Iterator[BinaryIO]:
    if name == STANDARD:
        with tempfile.TemporaryFile() as spooled:  # it is read twice: checked first
            shutil.copyfileobj(sys.stdin.buffer, spooled, 1 << 20)
            yield spooled
        return
    try:
        file = open(name, "rb")
    except OSError as error:
        raise BackupRefused(f"{name} can't be read: {error.strerror}.") from error
    with file:
        yield file


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
