"""The one file of a backup: a plain tar that begins with what it is and ends with the SHA-256 of all that is in it.

`tar -tf` lists it, and after `tar -x`, `sha256sum -c digests.sha256` checks it. Whatever its size, it is written and
read in pieces.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from services.backup_errors import BackupRefused

FORMAT, NEWEST_FORMAT = 1, 2  #: 2: needs an earlier backup to be restored
HEADER, DIGESTS = "batchyard-backup.json", "digests.sha256"
LEFT_OUT = "base.sha256"  #: which of the earlier backup's files belong to this one
ROWS, FILES = "rows/", "files/"
READ_BYTES = 1 << 20
NOT_WHOLE = "The backup is cut short or altered: {}. Use another one."


@dataclass(frozen=True)
class Header:
    """What a backup is, and which release wrote it."""

    batchyard: str  #: the release
    schema: str  #: the revision of the database's schema
    database: str  #: sqlite or postgresql; it can be restored into either
    created_at: str
    base: str | None = None  #: of which backup it leaves out files: the SHA-256 of that one's digests
    format: int = FORMAT


class ArchiveWriter:
    """Writes a backup's members one after the other; `close` adds their digests."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self.tar = tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT)
        self.digests = bytearray()
        self.size_bytes = 0
        written = {name: value for name, value in asdict(header).items() if value is not None}
        self.add_bytes(HEADER, json.dumps(written).encode())

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a member that is in memory."""
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> str:
        """Add a file; return the SHA-256 of what was read."""
        with open(path, "rb") as file:
            return self._add(name, file, path.stat().st_size)

    def close(self) -> None:
        """End with the digests."""
        self._add(DIGESTS, io.BytesIO(bytes(self.digests)), len(self.digests))
        self.tar.close()

    def _add(self, name: str, file: IO[bytes], size: int) -> str:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        hashed = _Hashed(file)
        self.tar.addfile(member, hashed)
        self.tar.members.clear()  # type: ignore[attr-defined]  # kept by the library, for nothing here
        found = hashed.sha256.hexdigest()
        self.digests += digest_lines({name: found})
        self.size_bytes += size
        return found


class Archive:
    """A backup that is read: first checked as a whole, then member by member."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.header = self._header()

    def verify(self) -> None:
        """Read everything and hold it against the digests.

        Raises: BackupRefused when the backup is cut short or altered.
        """
        found = bytearray()
        with _readable():
            for name, content in self.members():
                if name == DIGESTS:
                    if content.read() != bytes(found):
                        raise not_whole("its parts do not have the SHA-256 that they were written with")
                    return
                digest = hashlib.sha256()
                while piece := content.read(READ_BYTES):
                    digest.update(piece)
                found += digest_lines({name: digest.hexdigest()})
        raise not_whole("its end is missing")

    def digests(self) -> bytes:
        """Return what it ends with, without reading what comes before.

        Raises: BackupRefused when it is cut short.
        """
        with _readable():
            for name, content in self.members():
                if name == DIGESTS:
                    return content.read()
        raise not_whole("its end is missing")

    def members(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield the name and the content of each member, the digests last.

        Raises: BackupRefused when one is no file; tarfile.TarError when it can't be read.
        """
        self.file.seek(0)
        with tarfile.open(fileobj=self.file, mode="r:") as tar:
            while (member := tar.next()) is not None:
                content = tar.extractfile(member)
                if content is None:
                    raise not_whole(f"{member.name[:100]!r} is no file")
                yield member.name, content
                tar.members.clear()  # type: ignore[attr-defined]

    def _header(self) -> Header:
        try:
            name, content = next(self.members())
            found = content.read(READ_BYTES) if name == HEADER else b""
        except (tarfile.TarError, StopIteration) as error:
            raise BackupRefused("This file is not a Batchyard backup.") from error
        if not found:
            raise BackupRefused("This file is not a Batchyard backup.")
        return _parsed(found)


class _Hashed:
    """A file of which every byte that is read counts."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        piece = self.file.read(size)
        self.sha256.update(piece)
        return piece


def digest_lines(digests: Mapping[str, str]) -> bytes:
    """Return names with their digests as `sha256sum -c` reads them."""
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()


def parsed_lines(lines: bytes) -> dict[str, str]:
    """Return the digests by name again."""
    return {name: digest for line in lines.decode().splitlines() for digest, _, name in [line.partition("  ")]}


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except tarfile.TarError as error:
        raise not_whole(str(error)) from error


def _parsed(content: bytes) -> Header:
    try:
        found: dict[str, Any] = json.loads(content)
        written_as = int(found["format"])
        if written_as > NEWEST_FORMAT:
            raise BackupRefused(
                f"The backup was written by Batchyard {found['batchyard']} in format {written_as}, newer than this "
                f"program's {NEWEST_FORMAT}. Restore it with that release."
            )
        return Header(**found)
    except (ValueError, KeyError, TypeError) as error:
        raise not_whole("its first part can't be read") from error


def not_whole(why: str) -> BackupRefused:
    """Return the refusal of a backup that is not as it was written."""
    return BackupRefused(NOT_WHOLE.format(why))
