"""The files of exports in a bucket, so that any host hands out what one of them built. They can always be built again.

exports/<job>/<SHA-256>    the file
              <name>.json  its digest and how it was tried; written last
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from services.errors import NotReady
from services.exports.files import ABOUT, UNUSED_S, ExportFiles, Ready
from services.objects.store import ObjectMissing, ObjectStore, Stored

FOLDER = "exports"


class SharedExports:
    """What `ExportFiles` does, for many hosts. While the bucket is away, each host has those that it built."""

    def __init__(self, local: ExportFiles, objects: ObjectStore) -> None:
        self.local = local
        self.objects = objects
        self.folder = local.folder

    def draft(self) -> AbstractContextManager[Path]:
        """Yield a fresh folder to build in, which is removed afterwards."""
        self.local.sweep()  # here, for the dispatcher, which sweeps, may be on another host
        return self.local.draft()

    def find(self, job_id: str, name: str) -> Ready | None:
        """Return an export that is here, or was built on another host and is as it was stored."""
        if ready := self.local.find(job_id, name):
            return ready
        with suppress(NotReady, ObjectMissing, ValueError, KeyError, TypeError):
            about = json.loads(self.objects.get(f"{FOLDER}/{job_id}/{name}{ABOUT}"))
            with self.draft() as draft:
                copy = draft / "copy"
                if self.objects.read_into(f"{FOLDER}/{job_id}/{about['sha256']}", copy) == about["sha256"]:
                    return self.local.keep(copy, job_id, name, **about)
        return None

    def keep(self, file: Path, job_id: str, name: str, *, sha256: str, difference: float, rows: int) -> Ready:
        """Take a file in; of two that do it at once, each host has its own, and the others the first one."""
        ready = self.local.keep(file, job_id, name, sha256=sha256, difference=difference, rows=rows)
        about = {"sha256": sha256, "difference": difference, "rows": rows}
        with suppress(NotReady, FileNotFoundError):  # what made way for others at once is not shared
            self.objects.put_file(f"{FOLDER}/{job_id}/{sha256}", ready.path)
            self.objects.put_if_absent(f"{FOLDER}/{job_id}/{name}{ABOUT}", json.dumps(about).encode())
        return ready

    def remove(self, job_id: str) -> None:
        """Remove the exports of a job; none is an error. What a bucket that is away keeps, a sweep removes."""
        self.local.remove(job_id)
        self.objects.discard(f"{FOLDER}/{job_id}")

    def sweep(self) -> None:
        """Remove what is old, and the oldest until the others have room.

        Raises: NotReady.
        """
        self.local.sweep()
        self.objects.delete([each.key for each in self._over()])

    def _over(self) -> Iterator[Stored]:
        before, total = self.objects.before(UNUSED_S), 0
        for each in sorted(self.objects.list(FOLDER), key=lambda each: each.modified_at, reverse=True):
            total += each.size_bytes
            if each.modified_at < before or total > self.local.most_bytes:
                yield each


#: Local, or in a bucket.
AnyExports = ExportFiles | SharedExports
