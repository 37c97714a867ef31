"""The files of batch predictions: pieces while they are made, one file when they are whole."""

import hashlib
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from services import fingerprints
from services.errors import NotFound


class OutputFiles:
    """A folder for each prediction. What a piece's file holds counts only once its digest stands in the database."""

    def __init__(self, storage: Path) -> None:
        self.folder = storage / "predictions"

    def path(self, prediction_id: str, name: str) -> Path:
        """Return where a file of a prediction lies."""
        return self.folder / prediction_id / name

    def write(self, prediction_id: str, name: str, content: bytes) -> str:
        """Write a file of a prediction; return its SHA-256. Half a file after a power cut has another digest."""
        path = self.path(prediction_id, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def is_whole(self, prediction_id: str, name: str, sha256: str) -> bool:
        """Return whether a file is there with the bytes that were recorded."""
        try:
            return fingerprints.digest(self.path(prediction_id, name)) == sha256
        except OSError:
            return False

    def store(self, prediction_id: str, name: str, _sha256: str) -> None:
        """Make a file and its name survive a power cut."""
        path = self.path(prediction_id, name)
        for place, mode in ((path, os.O_RDWR), (path.parent, os.O_RDONLY)):
            handle = os.open(place, mode)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def whole(self, prediction_id: str, name: str, _sha256: str) -> Path:
        """Return a file that was stored for good.

        Raises: NotFound.
        """
        path = self.path(prediction_id, name)
        if not path.exists():
            raise NotFound(f"The output of {prediction_id} is no longer in the storage folder.")
        return path

    def keep_only(self, prediction_id: str, name: str | None) -> None:
        """Remove every file of a prediction but one."""
        with suppress(FileNotFoundError):
            for path in (self.folder / prediction_id).iterdir():
                if path.name != name:
                    path.unlink(missing_ok=True)

    def remove(self, prediction_id: str) -> None:
        """Remove the folder of a prediction; none is no error."""
        shutil.rmtree(self.folder / prediction_id, ignore_errors=True)

    def older_than(self, seconds: float) -> list[str]:
        """Return the predictions in whose folders nothing changed for so long."""
        before = time.time() - seconds
        return [home.name for home in self.folder.glob("pred_*") if _changed_at(home) < before]


def piece_name(n: int, attempt: int) -> str:
    """Return the name of a piece: each attempt writes files of its own, so that none spoils another's."""
    return f"piece-{n:07}-{attempt}"


def output_name(format: str, attempt: int) -> str:
    """Return the name of the whole output of an attempt."""
    return f"output-{attempt}.{format}"


def _changed_at(home: Path) -> float:
    try:
        return home.stat().st_mtime
    except FileNotFoundError:
        return time.time()
