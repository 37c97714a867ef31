"""What is no backup, no place for one, or no longer what was written: refused in a sentence, and nothing is lost."""

import argparse
import io
import json
import tarfile
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from local import backups
from services.backup_errors import BackupRefused
from services.backups import backup
from services.backups.archive import DIGESTS, HEADER, ArchiveWriter, Header
from services.db.engine import Database
from services.db.schema import head, migrate
from services.disk import free_bytes
from services.errors import BatchyardError, StorageFull
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.training.model_summary import shapes, summary
from services.wiring.base import Base, Intake, base
from tests.conftest import QUICK
from tests.make import make_job


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a data folder with a job in it."""
    settings = replace(QUICK, storage_dir=tmp_path_factory.mktemp("source"))
    with closing(Database(settings)) as database:
        migrate(database)
        rooms: Base = base(settings, Intake(ModelSizes(summary, shapes)))
        with closing(rooms.database):
            make_job(rooms, model="linear")
    return settings


@pytest.fixture(scope="module")
def whole(source: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    path = tmp_path_factory.mktemp("backup") / "whole.tar"
    backups.write(source, argparse.Namespace(file=str(path), data_dir=None, base=None))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where nothing is to be restored."""
    return tmp_path / "data"


def refusal(path: Path, folder: Path, settings: Settings = QUICK, **more: Any) -> str:
    """Return why a backup is not restored; nothing may be left of the try."""
    before = tree(folder)
    with pytest.raises(BatchyardError) as caught:
        backups.read(
            settings, argparse.Namespace(**{"file": str(path), "data_dir": folder, "check": False, "base": None} | more)
        )
    assert tree(folder) == before
    return caught.value.detail


def tree(folder: Path) -> dict[str, int]:
    """Return the files below a folder with their sizes."""
    return {str(path): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_backup_that_is_cut_short(whole: Path, folder: Path, tmp_path: Path, share: float) -> None:
    content = whole.read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: int(len(content.rstrip(b"\0")) * share)])

    assert "cut short or altered" in refusal(tmp_path / "cut.tar", folder)


@pytest.mark.parametrize("part", ["rows/jobs/", "files/datasets/", DIGESTS])
@pytest.mark.parametrize("where", ["name", "content"])
def test_a_backup_with_one_bit_flipped(whole: Path, folder: Path, tmp_path: Path, part: str, where: str) -> None:
    content = bytearray(whole.read_bytes())
    with tarfile.open(whole) as tar:
        member = next(member for member in tar if member.name.startswith(part))
    content[member.offset_data + 3 if where == "content" else member.offset + 2] ^= 1
    (tmp_path / "altered.tar").write_bytes(content)

    assert "cut short or altered" in refusal(tmp_path / "altered.tar", folder)


def test_a_file_that_is_no_backup(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no tar")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "text", "text")

    assert refusal(tmp_path / "text", folder) == "This file is not a Batchyard backup."
    assert refusal(tmp_path / "other.tar", folder) == "This file is not a Batchyard backup."
    assert "No such file" in refusal(tmp_path / "nothing", folder)


@pytest.mark.parametrize("check", [False, True])
def test_a_backup_of_a_newer_release(folder: Path, tmp_path: Path, check: bool) -> None:
    newer = Header("9.0", "9999", "sqlite", "2030-01-01T00:00:00+00:00")
    with open(tmp_path / "newer.tar", "wb") as file:
        ArchiveWriter(file, newer).close()

    said = refusal(tmp_path / "newer.tar", folder, check=check)

    assert "written by Batchyard 9.0 with schema 9999" in said
    assert "Restore it with that release." in said


def test_a_backup_in_a_format_that_is_not_known_yet(folder: Path, tmp_path: Path) -> None:
    later = json.dumps(asdict(Header("9.0", head(), "sqlite", "2030")) | {"format": 3, "more": 1}).encode()
    with tarfile.open(tmp_path / "later.tar", "w") as tar:
        member = tarfile.TarInfo(HEADER)
        member.size = len(later)
        tar.addfile(member, io.BytesIO(later))

    assert "in format 3, newer than this program's 2" in refusal(tmp_path / "later.tar", folder)


def test_a_file_that_would_leave_the_folder(folder: Path, tmp_path: Path) -> None:
    for name in ("files/../../outside", "files//etc/outside", "files/datasets/../../x", "files/run/x/y"):
        with open(tmp_path / "crafted.tar", "wb") as file:
            archive = ArchiveWriter(file, Header("0.1.0", head(), "sqlite", "2026"))
            archive.add_bytes(name, b"x")
            archive.close()

        assert "does not belong to Batchyard" in refusal(tmp_path / "crafted.tar", folder)
    assert list(tmp_path.glob("**/outside")) == []


def test_a_folder_that_is_not_empty(whole: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "mine").write_text("kept")

    assert "is not empty" in refusal(whole, folder)


def test_a_folder_in_which_a_restore_was_killed_is_used(whole: Path, folder: Path) -> None:
    (folder / ".restoring" / "datasets").mkdir(parents=True)
    (folder / ".restoring" / "datasets" / "half").write_text("x")
    (folder / "tmp").mkdir()  # what a container's volume begins with

    backups.read(QUICK, argparse.Namespace(file=str(whole), data_dir=folder, check=False, base=None))

    assert {entry.name for entry in folder.iterdir()} == {"batchyard.db", "datasets", "tmp"}


def test_a_database_that_is_not_empty(whole: Path, folder: Path, settings: Settings) -> None:
    if settings.database_url:
        assert "The database is not empty" in refusal(whole, folder, replace(settings, storage_dir=folder))


def test_a_backup_never_replaces_a_file(whole: Path, source: Settings) -> None:
    before = whole.read_bytes()

    with pytest.raises(BackupRefused, match="already exists"):
        backups.write(source, argparse.Namespace(file=str(whole), data_dir=None, base=None))

    assert whole.read_bytes() == before
    assert whole.stat().st_mode & 0o777 == 0o600


def test_a_folder_without_a_database_is_not_made_one(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="There is no database in"):
        backups.write(QUICK, argparse.Namespace(file=str(tmp_path / "b.tar"), data_dir=tmp_path / "empty", base=None))

    assert not (tmp_path / "empty").exists()


def test_what_a_killed_backup_left_is_removed(source: Settings) -> None:
    left = source.storage / ".backup-left"
    (left / "rows").mkdir(parents=True)
    (left / "rows" / "batchyard.db").write_text("half")

    with closing(Database(source)) as database:
        backup.write(database, io.BytesIO())

    assert list(source.storage.glob(".backup-*")) == []


def test_a_disk_without_room_for_the_copy(source: Settings) -> None:
    short = replace(source, disk_reserve_bytes=free_bytes(source.storage))
    with closing(Database(short)) as database, pytest.raises(StorageFull, match="A backup needs"):
        backup.write(database, io.BytesIO())

    assert list(source.storage.glob(".backup-*")) == []
