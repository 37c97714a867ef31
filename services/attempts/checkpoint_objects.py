"""Large checkpoints in a bucket: the row stays in SQL, the bytes are an object named by the row's id and their SHA-256.

A checkpoint without chunks is there. Its row comes first and goes first, so what no row names is nobody's.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import select

from services.db.engine import Database
from services.db.tables import Checkpoint
from services.errors import NotReady
from services.objects.store import ObjectMissing, ObjectStore
from services.settings import Settings

FOLDER = "checkpoints"
SWEEP_S = 3_600.0  #: objects that no row names are kept for so long
IDS = 500  #: asked for in one statement


@dataclass(frozen=True)
class Gone:
    """A checkpoint whose row was removed."""

    id: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class CheckpointObjects:
    """The bucket, and from which size on a checkpoint goes there."""

    objects: ObjectStore
    more_than_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "CheckpointObjects | None":
        """Return where large checkpoints go; None: every one stays in SQL.

        Raises: SettingInvalid.
        """
        objects = ObjectStore.of(settings)
        return None if objects is None else cls(objects, settings.checkpoint_object_bytes)

    def store(self, checkpoint_id: str, sha256: str, content: bytes) -> None:
        """Store the bytes of a checkpoint that has a row.

        Raises: NotReady.
        """
        self.objects.put(key(checkpoint_id, sha256), content)

    def read(self, checkpoint_id: str, sha256: str) -> bytes:
        """Return the bytes of a checkpoint, unverified; none if there is no object.

        Raises: NotReady.
        """
        try:
            return self.objects.read(key(checkpoint_id, sha256))
        except ObjectMissing:
            return b""

    def remove(self, gone: Iterable[Gone]) -> None:
        """Remove the objects of rows that are gone. What a bucket that is away keeps, a sweep removes."""
        with suppress(NotReady):
            large = [each for each in gone if each.size_bytes > self.more_than_bytes]
            self.objects.delete([key(each.id, each.sha256) for each in large])

    def sweep(self, database: Database, older_than_s: float = SWEEP_S) -> None:
        """Remove old objects that no row names.

        Raises: NotReady.
        """
        before = self.objects.before(older_than_s)
        old = {_id_in(each.key): each.key for each in self.objects.list(FOLDER) if each.modified_at < before}
        ids = list(old)
        with database.reading() as session:
            for start in range(0, len(ids), IDS):
                query = select(Checkpoint.id).where(Checkpoint.id.in_(ids[start : start + IDS]))
                for known in session.scalars(query):
                    del old[known]
        self.objects.delete(list(old.values()))


def key(checkpoint_id: str, sha256: str) -> str:
    """Return the name of a checkpoint's object."""
    return f"{FOLDER}/{checkpoint_id}-{sha256}"


def _id_in(name: str) -> str:
    return name.removeprefix(f"{FOLDER}/").rpartition("-")[0]
