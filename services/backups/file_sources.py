"""Where the files of a backup come from: links into the storage folder, or objects fetched one after the other."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services import fingerprints
from services.datasets.shared_storage import DIGESTS
from services.datasets.storage import INFO
from services.objects.store import ObjectMissing, ObjectStore

FOLDERS = (
    "datasets",
    "predictions",
    "checkpoints",
)  #: of the storage folder, or of the bucket, that a backup has files of


@dataclass(frozen=True)
class StoredFile:
    """A file that a row names: where it lies below the storage folder, and its digest where one was recorded."""

    name: str
    sha256: str | None = None

    @property
    def key(self) -> str:
        """The name of its object, which holds the digest."""
        return f"{self.name}-{self.sha256}" if self.sha256 else self.name


class LinkedFiles:
    """Files of a storage folder. They are never changed, so a link keeps what one holds though it is deleted then."""

    place = "storage folder"

    def __init__(self, storage: Path, folder: Path) -> None:
        self.storage = storage
        self.folder = folder

    def digests(self, home: str) -> dict[str, str]:
        """Return the digests of a data set's files that were recorded beside them, by name."""
        try:
            return _digests((self.storage / home / INFO).read_bytes())
        except OSError:
            return {}

    def take(self, file: StoredFile) -> bool:
        """Link a file; copy it where the file system has no links. Return whether it was there."""
        target = self.folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self.storage / file.name, target)
        except FileNotFoundError:
            return False
        except OSError:
            try:
                shutil.copyfile(self.storage / file.name, target)
            except FileNotFoundError:
                return False
        return True

    @contextmanager
    def opened(self, file: StoredFile) -> Iterator[Path]:
        """Yield where a file that was taken can be read."""
        yield self.folder / file.name


class FetchedFiles:
    """Files of a bucket, as it has them when this is made. One is on this host at a time."""

    place = "bucket on S3"

    def __init__(self, objects: ObjectStore, folder: Path) -> None:
        """Raises: NotReady."""
        self.objects = objects
        self.folder = folder
        self.keys = {each.key for part in FOLDERS for each in objects.list(part)}

    def digests(self, home: str) -> dict[str, str]:
        """Return the digests of a data set's files that were recorded beside them, by name.

        Raises: NotReady.
        """
        try:
            return _digests(self.objects.get(f"{home}/{INFO}"))
        except ObjectMissing:
            return {}

    def take(self, file: StoredFile) -> bool:
        """Return whether a file is there."""
        return file.key in self.keys

    @contextmanager
    def opened(self, file: StoredFile) -> Iterator[Path]:
        """Yield a copy of a file.

        Raises: FileNotFoundError when it was deleted meanwhile; NotReady.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        copy = self.folder / "copy"
        try:
            self.objects.read_into(file.key, copy)
            yield copy
        except ObjectMissing:
            raise FileNotFoundError(file.name) from None
        finally:
            copy.unlink(missing_ok=True)


def publish(objects: ObjectStore, draft: Path) -> None:
    """Store restored files in a bucket and remove them from the draft; what says that a data set is there comes last.

    Raises: NotReady.
    """
    for info in draft.glob(f"datasets/??/*/{INFO}"):
        home, known = info.parent.relative_to(draft), json.loads(info.read_bytes())
        for name, member in DIGESTS.items():
            if (path := info.with_name(name)).exists():
                known[member] = fingerprints.digest(path)
                objects.put_file(f"{home}/{name}-{known[member]}", path)
        objects.put(f"{home}/{INFO}", json.dumps(known).encode())
    for path in (*draft.glob("predictions/*/*"), *draft.glob("checkpoints/*")):
        objects.put_file(f"{path.relative_to(draft)}-{fingerprints.digest(path)}", path)
    for part in FOLDERS:
        shutil.rmtree(draft / part, ignore_errors=True)


def _digests(content: bytes) -> dict[str, str]:
    try:
        found = json.loads(content)
        return {name: found[member] for name, member in DIGESTS.items() if member in found}
    except (ValueError, TypeError):
        return {}
