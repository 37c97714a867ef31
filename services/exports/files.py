"""The files of exports: kept by job, checkpoint and format, so that each is built once. No torch here."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

UNUSED_S = 7 * 86_400.0  #: an export that nobody asked for in so long is removed; it can be built again
DRAFT_S = 3_600.0
ABOUT = ".json"


@dataclass(frozen=True)
class Ready:
    """An export that was built and tried."""

    path: Path
    sha256: str
    difference: float  #: from the stored model, at most
    rows: int  #: on so many rows


class ExportFiles:
    """A folder of exports. A file appears whole, by one rename; what says that it was tried comes after it."""

    def __init__(self, storage: Path, most_bytes: int) -> None:
        self.folder = storage / "exports"
        self.most_bytes = most_bytes

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Yield a fresh folder to build in, which is removed afterwards."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def find(self, job_id: str, name: str) -> Ready | None:
        """Return an export that is there."""
        path = self.folder / job_id / name
        try:
            about = json.loads(path.with_name(name + ABOUT).read_text())
            os.utime(path)
        except (OSError, ValueError):
            return None
        return Ready(path, **about)

    def keep(self, file: Path, job_id: str, name: str, *, sha256: str, difference: float, rows: int) -> Ready:
        """Take a file in, and make room for it; of two that do it at once, the later one stays."""
        home = self.folder / job_id
        home.mkdir(parents=True, exist_ok=True)
        ready = Ready(home / name, sha256, difference, rows)
        about = file.with_name(file.name + ABOUT)
        about.write_text(json.dumps({key: value for key, value in asdict(ready).items() if key != "path"}))
        for one in (file, about):
            with open(one, "rb") as written:
                os.fsync(written.fileno())
        file.replace(ready.path)
        about.replace(home / (name + ABOUT))
        self.bound(spare=ready.path)
        return ready

    def remove(self, job_id: str) -> None:
        """Remove the exports of a job; none is an error."""
        shutil.rmtree(self.folder / job_id, ignore_errors=True)

    def bound(self, spare: Path | None = None) -> None:
        """Remove the exports that were not asked for longest until the others have room; `spare` stays."""
        found = sorted(self._all(), key=lambda entry: entry[1], reverse=True)
        total = 0
        for path, used, size in found:
            total += size
            if path != spare and (total > self.most_bytes or time.time() - used > UNUSED_S):
                total -= size
                for one in (path.with_name(path.name + ABOUT), path):  # first what says that it may be handed out
                    one.unlink(missing_ok=True)
                with suppress(OSError):
                    path.parent.rmdir()

    def sweep(self) -> None:
        """Remove what nobody asks for any more, and what builders left behind that were killed."""
        self.bound()
        for draft in self.folder.glob(".draft-*"):
            with suppress(FileNotFoundError):
                if time.time() - draft.stat().st_mtime > DRAFT_S:
                    shutil.rmtree(draft, ignore_errors=True)

    def _all(self) -> Iterator[tuple[Path, float, int]]:
        for path in self.folder.glob("[!.]*/*"):
            if path.suffix != ABOUT:
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    yield path, stat.st_mtime, stat.st_size
