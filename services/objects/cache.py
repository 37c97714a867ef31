"""Local copies of objects: verified when they come, bounded in bytes, and never taken away from who uses them.

A folder is an entry. Whoever uses one holds a shared lock on it, which the kernel takes away from a process that dies.
"""

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from services import fingerprints
from services.disk import Disk
from services.errors import StorageFull
from services.objects.store import ObjectMissing, ObjectStore

COMING, TURN = ".coming", ".turn"  #: ends the name of a file that is not whole; a file whose lock is a fetcher's turn
HANDOVER_S = 10.0  #: what was just asked for is not taken away, so that who asked can open it
LOOK_S = 0.05  #: pause before another look at a lock that somebody holds


class TooLargeForCache(Exception):
    """A file alone is larger than all local copies together may be."""


class OtherBytes(Exception):
    """What came does not have the SHA-256 that it should."""


@dataclass(frozen=True)
class Wanted:
    """A file of an entry, and the object that it is a copy of."""

    entry: str  #: folder below the cache's
    name: str
    key: str
    sha256: str


class Cache:
    """The entries of all processes of a host that share a storage folder."""

    def __init__(self, folder: Path, most_bytes: int, disk: Disk) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self.disk = disk

    def hold(self, entry: str) -> int:
        """Keep an entry, which is created if it is not there, until the handle is closed or the process ends."""
        home = self.folder / entry
        while True:
            home.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # taken away just now
                handle = os.open(home, os.O_RDONLY)
                fcntl.flock(handle, fcntl.LOCK_SH)  # waits for a rename at most
                if _is_at(handle, home):
                    return handle
                os.close(handle)

    @contextmanager
    def holding(self, entry: str) -> Iterator[Path]:
        """Keep an entry meanwhile."""
        handle = self.hold(entry)
        try:
            yield self.folder / entry
        finally:
            os.close(handle)

    def copy(self, wanted: Wanted, objects: ObjectStore, told: Callable[[], None] = lambda: None) -> tuple[Path, int]:
        """Return a verified local copy of an object, and the handle that holds its entry. `told` hears that it goes on.

        Raises: NotReady; StorageFull when there is no room now; ObjectMissing; TooLargeForCache; OtherBytes.
        """
        path = self.folder / wanted.entry / wanted.name
        handle = self.hold(wanted.entry)
        try:
            if not _is_intact(path, wanted.sha256):
                with _turn(path.parent, told):
                    if not _is_intact(path, wanted.sha256):  # somebody else fetched it meanwhile
                        self._fetch(wanted, objects, told)
            os.utime(path.parent)
        except BaseException:
            os.close(handle)
            raise
        return path, handle

    def take(self, entry: str, files: list[tuple[Path, str]]) -> None:
        """Move files, each with its SHA-256, into an entry, if there is room for them and nobody fetches them just now.

        Raises: StorageFull; TooLargeForCache.
        """
        with self.holding(entry) as home, _turn(home, None) as is_ours:
            if is_ours:
                self.make_room(sum(path.stat().st_size for path, _ in files))
                for path, sha256 in files:
                    path.replace(home / path.name)
                    fingerprints.note(home / path.name, sha256)
                os.utime(home)

    def make_room(self, size_bytes: int) -> None:
        """Take away what was not used for longest until so many bytes more are within the bound, and on the disk.

        Raises: StorageFull when what is left is in use; TooLargeForCache.
        """
        with self._alone():
            self._make_room(size_bytes)

    def _fetch(self, wanted: Wanted, objects: ObjectStore, told: Callable[[], None]) -> None:
        path = self.folder / wanted.entry / wanted.name
        coming = path.with_name(path.name + COMING)
        size = objects.size_of(wanted.key)
        if size is None:
            raise ObjectMissing(wanted.key)
        try:
            coming.unlink(missing_ok=True)  # of a process that died
            with self._alone():
                self._make_room(size)
                with open(coming, "wb") as file:
                    file.truncate(size)  # so that it counts from now on
            if objects.read_into(wanted.key, coming, told) != wanted.sha256:
                raise OtherBytes(wanted.key)
            with open(coming, "rb") as file:
                os.fsync(file.fileno())
            coming.replace(path)
            fingerprints.note(path, wanted.sha256)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("The disk of the storage folder is full.", free_bytes=self._free()) from error
            raise
        finally:
            coming.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        if size > self.most_bytes:
            raise TooLargeForCache
        sizes = {home: _size_of(home) for home in self._entries()}
        total = sum(sizes.values())
        for home in sorted(sizes, key=_used_at):
            if total + size <= self.most_bytes and self._free() - size >= self.disk.reserve_bytes:
                return
            if self._removed(home):
                total -= sizes[home]
        if total + size > self.most_bytes:
            raise StorageFull("The local copies of what is on S3 are all in use (BATCHYARD_CACHE_BYTES).")
        if self._free() - size < self.disk.reserve_bytes:
            raise StorageFull(self.disk.sentence, free_bytes=self._free())

    def _removed(self, home: Path) -> bool:
        """Take an entry away unless it is in use, or was just handed out; return whether it went."""
        if time.time() - _used_at(home) < HANDOVER_S:
            return False
        handle = os.open(home, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = Path(tempfile.mkdtemp(prefix=".gone-", dir=self.folder))
            home.rename(gone / "entry")
            shutil.rmtree(gone, ignore_errors=True)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process of this host count and take away at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / ".lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _entries(self) -> list[Path]:
        for gone in self.folder.glob(".gone-*"):  # by a process that died
            shutil.rmtree(gone, ignore_errors=True)
        return [*self.folder.glob("datasets/??/*"), *self.folder.glob("predictions/pred_*")]

    def _free(self) -> int:
        return self.disk.free(self.folder)


@contextmanager
def _turn(home: Path, told: Callable[[], None] | None) -> Iterator[bool]:
    """Let one process fetch the files of an entry at a time. Without `told` nobody waits: yields whether it is ours."""
    with open(home / TURN, "w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if told is None:
                    yield False
                    return
                told()
                time.sleep(LOOK_S)
            else:
                yield True
                return


def _is_at(handle: int, home: Path) -> bool:
    """Return whether an open folder is the one that stands under this name now."""
    return os.fstat(handle).st_ino == home.stat().st_ino


def _is_intact(path: Path, sha256: str) -> bool:
    try:
        return fingerprints.is_intact(path, sha256)
    except FileNotFoundError:
        return False


def _size_of(home: Path) -> int:
    total = 0
    for path in home.glob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _used_at(home: Path) -> float:
    with suppress(FileNotFoundError):
        return home.stat().st_mtime
    return 0.0
