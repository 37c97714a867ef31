"""The files of data sets in a bucket, with local copies of those that are used here.

datasets/ab/<SHA-256>/original-<digest>   the bytes that came
                      table.f32-<digest>  the table made of them
                      info.json           names both digests; written last, so that a set is there whole or not at all
                      used                written anew to keep a sweep away
                      damaged             somebody met other bytes: the next upload writes all of it again
"""

import hashlib
import json
import os
import tempfile
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from services.columns import TableInfo
from services.datasets.storage import INFO, ORIGINAL, TABLE, Storage, mapped, sealed
from services.errors import StorageFull
from services.objects.cache import Cache, OtherBytes, TooLargeForCache, Wanted
from services.objects.patience import patiently
from services.objects.store import ObjectMissing, ObjectStore
from services.outage import Outage
from services.settings import PREFIX
from services.training_errors import DataChanged, DataUnreadable

DIGESTS = {ORIGINAL: "original_sha256", TABLE: "table_sha256"}
USED, DAMAGED = "used", "damaged"
TOUCH_S = 600.0  #: a data set that this process touched is new enough for so long
DRAFT_S = 3_600.0  #: drafts that nobody has written to for so long are removed
T = TypeVar("T")


class SharedStorage:
    """What `Storage` does, for many hosts. With `waiting`, which is then told, a bucket that is away is waited for."""

    def __init__(self, objects: ObjectStore, cache: Cache, waiting: Callable[[], None] | None = None) -> None:
        self.objects = objects
        self.cache = cache
        self.waiting = waiting
        self.local = Storage(cache.folder)
        self.touched: dict[str, float] = {}
        self.outage = Outage("fetching a data set")

    def path(self, sha256: str) -> Path:
        """Return the folder of the local copy."""
        return self.local.path(sha256)

    def holds(self, sha256: str) -> bool:
        """Return whether the files of a data set are in the bucket, and whole as far as anybody knows.

        Raises: NotReady.
        """
        return _is_whole(self._names(sha256))

    def is_intact(self, sha256: str, _original_sha256: str | None = None) -> bool:
        """Return the same, and whether it is known what they are: whoever meets other bytes says so beside them.

        Raises: NotReady.
        """
        with suppress(ObjectMissing, ValueError):
            return self.holds(sha256) and bool(self.info(sha256))
        return False

    def intact_info(self, sha256: str) -> dict[str, Any] | None:
        """Return what is kept beside a table that is whole, made to look new so that no sweep takes it.

        Raises: NotReady.
        """
        if not self.is_intact(sha256):
            return None
        self.touch(sha256)
        return self.info(sha256)

    def info(self, sha256: str, *, fresh: bool = False) -> dict[str, Any]:
        """Return what was kept beside the table when it was made; `fresh`: as the bucket has it.

        Raises: NotReady; ObjectMissing.
        """
        if not fresh:
            with suppress(OSError, ValueError):
                return self.local.info(sha256)
        content = self.objects.get(f"{_key(sha256)}/{INFO}")
        found: dict[str, Any] = json.loads(content)
        with self.cache.holding(_key(sha256)) as home:
            handle, draft = tempfile.mkstemp(prefix=INFO, dir=home)
            with open(handle, "wb") as file:
                file.write(content)
            Path(draft).replace(home / INFO)
        return found

    def draft(self) -> AbstractContextManager[Path]:
        """Yield a fresh folder to fill; `keep` makes it permanent, leaving the block without it removes it.

        Raises: StorageFull when the disk is full.
        """
        self.local.remove_drafts(DRAFT_S)  # here, for the dispatcher, which sweeps, may be on another host
        return self.local.draft()

    def touch(self, sha256: str) -> None:
        """Make a data set look new, so that no sweep takes it before a row refers to it.

        Raises: NotReady.
        """
        if time.monotonic() - self.touched.get(sha256, -TOUCH_S) >= TOUCH_S:
            self.objects.put(f"{_key(sha256)}/{USED}", b"")
            self.touched[sha256] = time.monotonic()

    def keep(self, draft: Path, sha256: str, info: dict[str, Any]) -> dict[str, Any]:
        """Make a draft the data set of this SHA-256; return what is kept beside its table.

        Of two that do it at once the first one's is kept. What somebody met damaged is written again.
        Raises: NotReady.
        """
        info, home = sealed(draft, info), _key(sha256)
        self.touch(sha256)
        names = self._names(sha256)
        again = INFO in names and not _is_whole(names)
        for name, member in DIGESTS.items():
            self.objects.put_file(f"{home}/{name}-{info[member]}", draft / name, again=again)
        content = (draft / INFO).read_bytes()
        if again:
            self.objects.put(f"{home}/{INFO}", content)
            self.objects.delete([f"{home}/{DAMAGED}"])
        elif not self.objects.put_if_absent(f"{home}/{INFO}", content):
            with suppress(ValueError):
                return self.info(sha256, fresh=True)
            self.objects.put(f"{home}/{INFO}", content)
        with suppress(StorageFull, TooLargeForCache):  # then there is no copy here
            files = [(draft / name, str(info[member])) for name, member in DIGESTS.items()]
            self.cache.take(home, [*files, (draft / INFO, hashlib.sha256(content).hexdigest())])
        return info

    def open_table(self, sha256: str, info: TableInfo) -> np.ndarray:
        """Return the rows as a read-only map of the local copy, which stays as long as the map is used.

        Shapes: (rows, columns) of float32.
        Raises: DataUnreadable when it is not there or too large; DataChanged when its bytes are not those it was made
        with; NotReady and StorageFull unless it waits.
        """

        def opened(path: Path, handle: int) -> np.ndarray:
            table = mapped(path, info)
            weakref.finalize(table.base, os.close, os.dup(handle))
            return table

        return self._copied(sha256, TABLE, opened)

    def original(self, sha256: str) -> Path:
        """Return the file of the bytes that came; it is to be opened at once.

        Raises: DataUnreadable; DataChanged; NotReady and StorageFull unless it waits.
        """
        return self._copied(sha256, ORIGINAL, lambda path, _: path)

    def remove(self, sha256: str) -> None:
        """Remove the files of a data set, what says that it is there first; none is an error.

        Raises: NotReady.
        """
        names = self._names(sha256)
        for part in (names & {INFO}, names - {INFO}):
            self.objects.delete([f"{_key(sha256)}/{name}" for name in part])
        self.touched.pop(sha256, None)

    def older_than(self, seconds: float) -> list[str]:
        """Return the SHA-256 of the data sets that were neither made nor touched for so long, by the bucket's clock.

        Raises: NotReady.
        """
        return self.objects.older_than("datasets", 2, seconds)

    def is_older_than(self, sha256: str, seconds: float) -> bool:
        """Return whether a data set was neither made nor touched for so long.

        Raises: NotReady.
        """
        before = self.objects.before(seconds)
        return all(each.modified_at < before for each in self.objects.list(_key(sha256)))

    def remove_drafts(self, seconds: float) -> int:
        """Remove drafts that nobody has written to for so long; return how many."""
        return self.local.remove_drafts(seconds)

    def _copied(self, sha256: str, name: str, use: Callable[[Path, int], T]) -> T:
        """Return what is made of a file's verified copy, waiting for the bucket if that is wanted."""
        return patiently(lambda: self._copied_now(sha256, name, use), self.waiting, self.outage)

    def _copied_now(self, sha256: str, name: str, use: Callable[[Path, int], T]) -> T:
        # What is known here may be of before the data set was stored again, and what came may have changed on its way.
        with suppress(ObjectMissing, OtherBytes, DataChanged):
            return self._used(sha256, name, use, fresh=False)
        try:
            return self._used(sha256, name, use, fresh=True)
        except ObjectMissing:
            raise DataUnreadable("The data set's file is not in the bucket on S3.") from None
        except (OtherBytes, DataChanged):
            self.objects.put(f"{_key(sha256)}/{DAMAGED}", name.encode())
            raise DataChanged(
                "The data set's file on S3 is not the one that was stored there: its SHA-256 differs."
            ) from None

    def _used(self, sha256: str, name: str, use: Callable[[Path, int], T], *, fresh: bool) -> T:
        """Return what is made of a file's verified copy, once."""
        try:
            digest = str(self.info(sha256, fresh=fresh)[DIGESTS[name]])
        except (ValueError, KeyError, TypeError) as error:
            raise DataChanged("What is kept beside the data set on S3 can't be read.") from error
        home = _key(sha256)
        wanted = Wanted(home, name, f"{home}/{name}-{digest}", digest)
        try:
            path, handle = self.cache.copy(wanted, self.objects, self.waiting or (lambda: None))
        except TooLargeForCache:
            most = self.cache.most_bytes
            detail = f"The data set's file is larger than all local copies of this host may be, {most:,} bytes."
            hint = f"Ask the operator for more room ({PREFIX}CACHE_BYTES), or train on fewer rows."
            if self.waiting is None:
                raise StorageFull(detail, hint=hint) from None
            raise DataUnreadable(detail, hint=hint) from None
        try:
            return use(path, handle)
        finally:
            os.close(handle)

    def _names(self, sha256: str) -> set[str]:
        return {each.key.rpartition("/")[2] for each in self.objects.list(_key(sha256))}


#: Local, or in a bucket.
AnyStorage = Storage | SharedStorage


def _key(sha256: str) -> str:
    """Return what the names of a data set's objects begin with, and where its copies lie below the cache's folder."""
    return f"datasets/{sha256[:2]}/{sha256}"


def _is_whole(names: set[str]) -> bool:
    has = all(any(name.startswith(f"{part}-") for name in names) for part in DIGESTS)
    return has and INFO in names and DAMAGED not in names
