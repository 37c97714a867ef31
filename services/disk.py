"""The room on the disk of the storage folder, and the reserve that is kept so that what runs can end in order."""

import shutil
from collections.abc import Callable
from pathlib import Path

from services.errors import StorageFull
from services.settings import Settings


def free_bytes(folder: Path) -> int:
    """Return the room left on the disk of a folder, which is created if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free


class Disk:
    """The disk of the storage folder; with SQLite the database is on it as well."""

    def __init__(self, settings: Settings, free: Callable[[Path], int] = free_bytes) -> None:
        self.folder = settings.storage
        self.reserve_bytes = settings.disk_reserve_bytes
        self.free = free

    @property
    def is_full(self) -> bool:
        """Whether less than the reserve is left."""
        return self.free(self.folder) < self.reserve_bytes

    @property
    def sentence(self) -> str:
        """What is said while it is full."""
        return f"Less than {self.reserve_bytes / 1e6:,.0f} MB of the disk are free (BATCHYARD_DISK_RESERVE_BYTES)."

    def check(self) -> None:
        """Refuse what takes room.

        Raises: StorageFull while less than the reserve is left.
        """
        if self.is_full:
            raise StorageFull(self.sentence, free_bytes=self.free(self.folder))
