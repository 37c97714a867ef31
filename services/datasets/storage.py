"""The files of data sets: the original bytes and a float32 table beside them, below a folder named by SHA-256."""

import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from services import fingerprints
from services.columns import Column, TableInfo
from services.disk import free_bytes
from services.errors import StorageFull
from services.training_errors import DataChanged, DataUnreadable

ORIGINAL, TABLE, INFO = "original", "table.f32", "info.json"
FLOAT_BYTES = 4


class Storage:
    """A folder of data sets. A set appears whole, by one rename, or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "datasets"

    def path(self, sha256: str) -> Path:
        """Return the folder of the data set with these bytes."""
        return self.folder / sha256[:2] / sha256

    def holds(self, sha256: str) -> bool:
        """Return whether the files of a data set are there."""
        return all((self.path(sha256) / name).exists() for name in (ORIGINAL, TABLE, INFO))

    def original_sha256(self, sha256: str) -> str:
        """Return the SHA-256 of the bytes that came: for releases that kept none, the name of the data set's folder."""
        return str(self.info(sha256).get("original_sha256", sha256))

    def is_intact(self, sha256: str, original_sha256: str | None = None) -> bool:
        """Return whether the files of a data set are there and have the bytes that they were stored with."""
        try:
            home = self.path(sha256)
            return fingerprints.is_intact(home / TABLE, self._table_sha256(sha256)) and (
                original_sha256 is None or fingerprints.is_intact(home / ORIGINAL, original_sha256)
            )
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def intact_info(self, sha256: str) -> dict[str, Any] | None:
        """Return what is kept beside a table that is as it was stored, made to look new so that no sweep takes it."""
        self.touch(sha256)
        try:
            info = self.info(sha256)
            table_sha256 = info.get("table_sha256") or self._table_sha256(sha256)
            return info if fingerprints.is_intact(self.path(sha256) / TABLE, table_sha256) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def info(self, sha256: str) -> dict[str, Any]:
        """Return what was kept beside the table when it was made."""
        found: dict[str, Any] = json.loads((self.path(sha256) / INFO).read_text())
        return found

    def _table_sha256(self, sha256: str) -> str:
        info = self.info(sha256)
        if "table_sha256" not in info:
            # Stored by a release that kept none: what is there now is all there is to hold later looks against.
            home = self.path(sha256)
            info["table_sha256"] = fingerprints.digest(home / TABLE)
            with suppress(OSError):  # a trainer may have no right to write here
                draft = home / f"{INFO}-{os.getpid()}"
                draft.write_text(json.dumps(info))
                draft.replace(home / INFO)
        return str(info["table_sha256"])

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Yield a fresh folder to fill; `keep` makes it permanent, leaving the block without it removes it.

        Raises: StorageFull when the disk is full.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))
        try:
            yield draft
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("The disk of the data sets is full.", free_bytes=free_bytes(self.folder)) from error
            raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def touch(self, sha256: str) -> None:
        """Make the files look new, so that no sweep takes them before a row refers to them."""
        with suppress(FileNotFoundError):
            os.utime(self.path(sha256))

    def keep(self, draft: Path, sha256: str, info: dict[str, Any]) -> dict[str, Any]:
        """Make a draft the data set of this SHA-256; return what is kept beside its table.

        Of two that do it at once, one is kept: they are equal. Files that are damaged or not all there make way.
        """
        info = sealed(draft, info)
        home = self.path(sha256)
        home.parent.mkdir(parents=True, exist_ok=True)
        if home.exists() and not self.is_intact(sha256, info["original_sha256"]):
            with suppress(FileNotFoundError):  # somebody else cleared it
                home.rename(Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder)) / "damaged")
        try:
            draft.rename(home)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
            self.touch(sha256)
        for folder in (home.parent, self.folder, self.folder.parent):
            _sync_folder(folder)
        return info

    def original(self, sha256: str) -> Path:
        """Return the file of the bytes that came.

        Raises: DataUnreadable when it is not there; DataChanged when its bytes are others.
        """
        path = self.path(sha256) / ORIGINAL
        if not path.exists():
            raise DataUnreadable("The data set's file is not in the storage folder.")
        if not self.is_intact(sha256, self.original_sha256(sha256)):
            raise DataChanged("The data set's file does not have the SHA-256 it was uploaded with.")
        return path

    def open_table(self, sha256: str, info: TableInfo) -> np.ndarray:
        """Return the rows as a read-only map of the file.

        Shapes: (rows, columns) of float32.
        Raises: DataUnreadable when the file is not there, DataChanged when its bytes are not those it was made with.
        """
        path = self.path(sha256) / TABLE
        table = mapped(path, info)
        if not self.is_intact(sha256):
            raise DataChanged("The data set's file does not have the SHA-256 that it was made with.")
        return table

    def remove(self, sha256: str) -> None:
        """Remove the files of a data set; none is an error."""
        shutil.rmtree(self.path(sha256), ignore_errors=True)

    def older_than(self, seconds: float) -> list[str]:
        """Return the SHA-256 of the data sets whose folder was neither made nor touched for so long."""
        return [home.name for home in self.folder.glob("??/*") if _age(home) > seconds]

    def is_older_than(self, sha256: str, seconds: float) -> bool:
        """Return whether a data set's folder was neither made nor touched for so long."""
        return _age(self.path(sha256)) > seconds

    def remove_drafts(self, seconds: float) -> int:
        """Remove drafts that nobody has written to for so long; return how many."""
        old = [
            draft
            for draft in self.folder.glob(".draft-*")
            if min(_age(path) for path in (draft, *draft.glob("*"))) > seconds
        ]
        for draft in old:
            shutil.rmtree(draft, ignore_errors=True)
        return len(old)


def mapped(path: Path, info: TableInfo) -> np.ndarray:
    """Return a table's file as a read-only map.

    Shapes: (rows, columns) of float32.
    Raises: DataUnreadable when the file is not there, DataChanged when it does not have the size of that.
    """
    shape = (info.rows, len(info.columns))
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataUnreadable("The data set's file is not in the storage folder.") from error
    if size != shape[0] * shape[1] * FLOAT_BYTES:
        raise DataChanged(
            f"The data set's file has {size} bytes, not the size of {shape[0]} rows x {shape[1]} columns."
        )
    return np.memmap(path, dtype="<f4", mode="r", shape=shape)


def sealed(draft: Path, info: dict[str, Any]) -> dict[str, Any]:
    """Write beside the files of a draft what is kept of them, with their digests, and return it; all is on the disk."""
    info = info | {
        "table_sha256": fingerprints.digest(draft / TABLE),
        "original_sha256": fingerprints.digest(draft / ORIGINAL),
    }
    (draft / INFO).write_text(json.dumps(info))
    for name in (ORIGINAL, TABLE, INFO):
        with open(draft / name, "rb") as file:
            os.fsync(file.fileno())
    draft.chmod(0o755)
    _sync_folder(draft)
    return info


def info_json(info: TableInfo) -> dict[str, Any]:
    """Return a table's columns as JSON."""
    return {"rows": info.rows, "columns": [asdict(column) for column in info.columns]}


def info_from_json(found: dict[str, Any]) -> TableInfo:
    """Return the columns that `info_json` gave."""
    return TableInfo(found["rows"], [Column(**column) for column in found["columns"]])


def _age(path: Path) -> float:
    """Return the seconds since a file or folder changed; 0 if it just went away."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
