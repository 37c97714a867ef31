"""The files of batch predictions in a bucket: each is there before the database names it, so that any host goes on."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from services.batches.output_files import OutputFiles
from services.errors import NotFound, StorageFull
from services.objects.cache import Cache, OtherBytes, TooLargeForCache, Wanted
from services.objects.patience import patiently
from services.objects.store import ObjectMissing, ObjectStore
from services.outage import Outage
from services.settings import PREFIX

FOLDER = "predictions"


class SharedOutputs:
    """What `OutputFiles` does, for many hosts. With `waiting`, which is then told, a bucket that is away is waited for.

    What a trainer makes lies on its host as well, until it is assembled, and is not taken away meanwhile.
    """

    def __init__(self, objects: ObjectStore, cache: Cache, waiting: Callable[[], None] | None = None) -> None:
        self.objects = objects
        self.cache = cache
        self.waiting = waiting
        self.local = OutputFiles(cache.folder)
        self.outage = Outage("storing an output")
        self.held: dict[str, int] = {}  #: handles of what a trainer of this process works on

    def path(self, prediction_id: str, name: str) -> Path:
        """Return where the local copy of a file lies."""
        return self.local.path(prediction_id, name)

    def write(self, prediction_id: str, name: str, content: bytes) -> str:
        """Write a file of a prediction; return its SHA-256.

        Raises: NotReady unless it waits.
        """
        self._hold(prediction_id)
        sha256 = self.local.write(prediction_id, name, content)
        self.store(prediction_id, name, sha256)
        return sha256

    def store(self, prediction_id: str, name: str, sha256: str) -> None:
        """Make a file survive its host.

        Raises: NotReady unless it waits.
        """
        key, path = _key(prediction_id, name, sha256), self.path(prediction_id, name)
        self._patiently(lambda: self.objects.put_file(key, path))

    def is_whole(self, prediction_id: str, name: str, sha256: str) -> bool:
        """Return whether a file is there with the bytes that were recorded; it is on this host then.

        Raises: NotReady and StorageFull unless it waits.
        """
        self._hold(prediction_id)
        if self.local.is_whole(prediction_id, name, sha256):
            return True
        wanted, whole = _wanted(prediction_id, name, sha256), False
        with suppress(ObjectMissing, OtherBytes, TooLargeForCache):
            self._patiently(lambda: os.close(self.cache.copy(wanted, self.objects, self.waiting or _nobody)[1]))
            whole = True
        return whole

    def whole(self, prediction_id: str, name: str, sha256: str) -> Path:
        """Return the verified copy of a file, which is to be opened at once.

        Raises: NotFound when it is not there as it was recorded; NotReady; StorageFull.
        """
        try:
            path, handle = self.cache.copy(_wanted(prediction_id, name, sha256), self.objects)
        except ObjectMissing:
            raise NotFound(f"The output of {prediction_id} is no longer on S3.") from None
        except OtherBytes:
            detail = f"The output of {prediction_id} on S3 is not the one that was stored there: its SHA-256 differs."
            raise NotFound(detail) from None
        except TooLargeForCache:
            most = f"{self.cache.most_bytes:,} bytes ({PREFIX}CACHE_BYTES)"
            raise StorageFull(f"The output is larger than all local copies of this host may be, {most}.") from None
        os.close(handle)
        return path

    def keep_only(self, prediction_id: str, name: str | None) -> None:
        """Remove every file of a prediction but one. What a bucket that is away keeps, a sweep removes."""
        kept = f"{FOLDER}/{prediction_id}/{name}-" if name else ""
        self.objects.discard(f"{FOLDER}/{prediction_id}", kept)
        self.local.keep_only(prediction_id, name)

    def remove(self, prediction_id: str) -> None:
        """Remove the files of a prediction; none is no error. What a bucket that is away keeps, a sweep removes."""
        self.keep_only(prediction_id, None)
        self.local.remove(prediction_id)

    def older_than(self, seconds: float) -> list[str]:
        """Return the predictions of whose files none was written for so long, by the bucket's clock.

        Raises: NotReady.
        """
        return self.objects.older_than(FOLDER, 1, seconds)

    def _hold(self, prediction_id: str) -> None:
        if prediction_id not in self.held:
            self.held[prediction_id] = self.cache.hold(f"{FOLDER}/{prediction_id}")

    def _patiently(self, ask: Callable[[], None]) -> None:
        patiently(ask, self.waiting, self.outage)


#: Local, or in a bucket.
AnyOutputs = OutputFiles | SharedOutputs


def _key(prediction_id: str, name: str, sha256: str) -> str:
    return f"{FOLDER}/{prediction_id}/{name}-{sha256}"


def _wanted(prediction_id: str, name: str, sha256: str) -> Wanted:
    return Wanted(f"{FOLDER}/{prediction_id}", name, _key(prediction_id, name, sha256), sha256)


def _nobody() -> None:
    """Tell nobody."""
