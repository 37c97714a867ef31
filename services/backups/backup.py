"""Writes a backup: every row and every file of one moment, while jobs go on."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import BinaryIO

from sqlalchemy import Connection, inspect

from services.backups.archive import FILES, LEFT_OUT, NEWEST_FORMAT, ROWS, ArchiveWriter, Header, digest_lines
from services.backups.base import BaseFiles
from services.backups.row_lines import Rows
from services.backups.snapshot import Snapshot, snapshot
from services.db.engine import Database
from services.db.schema import current, head
from services.errors import SchemaMismatch

#: Not rows of ours, and rows that say who is alive.
WITHOUT = frozenset({"alembic_version", "workers"})


@dataclass
class Written:
    """What a backup holds."""

    header: Header
    rows: int = 0
    files: int = 0
    left_out: int = 0  #: files that the earlier backup has
    size_bytes: int = 0
    warnings: list[str] = field(default_factory=list)  #: a sentence for each file that is not as it was stored


def write(database: Database, file: BinaryIO, base: BaseFiles | None = None) -> Written:
    """Write a backup of this moment, without the files that an earlier one has.

    Raises: SchemaMismatch when a newer release wrote the database, or none did; StorageFull; NotReady.
    """
    with snapshot(database) as moment:
        written = Written(_header(database, moment.connection, base))
        archive = ArchiveWriter(file, written.header)
        _add_rows(archive, moment.connection, written)
        _add_files(archive, moment, written, base)
        archive.close()
        written.size_bytes = archive.size_bytes
        return written


def table_names(connection: Connection) -> list[str]:
    """Return the tables whose rows belong to a backup, each after those that it refers to."""
    found = [name for name, _ in inspect(connection).get_sorted_table_and_fkc_names() if name is not None]
    return [name for name in found if name not in WITHOUT]


def _header(database: Database, connection: Connection, base: BaseFiles | None) -> Header:
    schema = current(connection)
    if schema is None:
        raise SchemaMismatch("The database is empty: there is nothing to back up.")
    if schema > head():
        raise SchemaMismatch(
            f"The database has schema {schema}, newer than this program's {head()}. Use the newer one."
        )
    kind = "sqlite" if database.is_sqlite else "postgresql"
    header = Header(version("batchyard"), schema, kind, datetime.now(UTC).isoformat(timespec="seconds"))
    return replace(header, base=base.id, format=NEWEST_FORMAT) if base else header


def _add_rows(archive: ArchiveWriter, connection: Connection, written: Written) -> None:
    for name in table_names(connection):
        for n, (piece, rows) in enumerate(Rows.of(connection, name).pieces(connection)):
            archive.add_bytes(f"{ROWS}{name}/{n:06}.jsonl", piece)
            written.rows += rows


def _add_files(archive: ArchiveWriter, moment: Snapshot, written: Written, base: BaseFiles | None) -> None:
    place = moment.source.place
    written.warnings += [f"{name} is not in the {place}." for name in moment.missing]
    for stored in moment.files:
        if base and base.has(stored):
            continue
        try:
            with moment.source.opened(stored) as path:
                found = archive.add_file(FILES + stored.name, path)
        except FileNotFoundError:
            written.warnings.append(f"{stored.name} was deleted from the {place} while the backup was written.")
            continue
        written.files += 1
        if stored.sha256 not in {None, found}:
            written.warnings.append(f"{stored.name} does not have the SHA-256 that it was stored with.")
    if base:
        archive.add_bytes(LEFT_OUT, digest_lines(base.left_out))
        written.left_out = len(base.left_out)
