"""The files that an earlier backup has: a later one may leave them out, and is restored with the earlier one."""

import hashlib
from collections.abc import Iterator
from typing import IO

from services.backup_errors import BackupRefused
from services.backups.archive import FILES, LEFT_OUT, Archive, not_whole, parsed_lines
from services.backups.file_sources import StoredFile

CHAINED = "{} leaves out files itself. Name the backup that it was made on."
NEEDED = "The backup leaves out files that an earlier one has. Name that one with --base."
NOT_NEEDED = "The backup leaves out nothing. Leave out --base."
ANOTHER = (
    "The backup was made on another one than {}, which has the files that it leaves out. Name that one with --base."
)


class BaseFiles:
    """The files of an earlier backup, and those of them that a later one leaves out."""

    def __init__(self, archive: Archive, name: str) -> None:
        """Read which files it has.

        Raises: BackupRefused when it is cut short, or leaves out files itself.
        """
        if archive.header.base:
            raise BackupRefused(CHAINED.format(name))
        digests = archive.digests()
        self.archive = archive
        self.name = name
        self.id = hashlib.sha256(digests).hexdigest()
        self.files = {file: digest for file, digest in parsed_lines(digests).items() if file.startswith(FILES)}
        self.left_out: dict[str, str] = {}

    def has(self, stored: StoredFile) -> bool:
        """Return whether the bytes that were stored as this file are in it, and note then that it is left out."""
        file = FILES + stored.name
        if stored.sha256 is None or self.files.get(file) != stored.sha256:
            return False
        self.left_out[file] = stored.sha256
        return True


def check(archive: Archive, base: BaseFiles | None) -> None:
    """Refuse a backup whose files are not all here, and read the earlier one as a whole.

    Raises: BackupRefused.
    """
    if base is None:
        if archive.header.base:
            raise BackupRefused(NEEDED)
        return
    if archive.header.base is None:
        raise BackupRefused(NOT_NEEDED)
    if archive.header.base != base.id:
        raise BackupRefused(ANOTHER.format(base.name))
    base.archive.verify()


def left_out(archive: Archive, base: BaseFiles | None) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the files that a backup leaves out, from the earlier one; both have been checked."""
    if base is None:
        return
    wanted = next((parsed_lines(content.read()) for name, content in archive.members() if name == LEFT_OUT), {})
    if any(base.files.get(file) != digest for file, digest in wanted.items()):
        raise not_whole("it needs other files than the earlier backup has")
    for name, content in base.archive.members():
        if name in wanted:
            yield name, content
