"""A backup that leaves out the files of an earlier one: restored with it to the same, and refused without it."""

import io
import json
import tarfile
from argparse import Namespace
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from local import backups
from services.backup_errors import BackupRefused
from services.backups import backup, restore
from services.backups.archive import DIGESTS, HEADER, LEFT_OUT, Archive
from services.backups.base import BaseFiles
from services.settings import Settings
from services.wiring.base import Base, base
from tests.batches import numbers, upload
from tests.integration.services.test_backup import contents, files_of


def written(joined: Base, earlier: io.BytesIO | None = None) -> tuple[io.BytesIO, backup.Written]:
    """Write a backup, without the files of an earlier one if there is one."""
    file = io.BytesIO()
    return file, backup.write(joined.database, file, named(earlier))


def named(file: io.BytesIO | None) -> BaseFiles | None:
    """Return the files of a backup, as whoever names it with --base has them."""
    return BaseFiles(Archive(file), "earlier.tar") if file else None


def members(file: io.BytesIO) -> dict[str, bytes]:
    """Return what a backup holds, read by tar."""
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


@pytest.fixture
def place(joined: Base, tmp_path: Path) -> Settings:
    """An empty folder to restore into."""
    return replace(joined.settings, storage_dir=tmp_path / "restored", database_url="")


def test_two_backups_hold_together_what_one_would(joined: Base, place: Settings) -> None:
    before = joined.datasets.find("local", upload(joined, numbers(500), "before.csv")).sha256
    gone = joined.datasets.find("local", upload(joined, numbers(7), "gone.csv"))
    earlier, whole = written(joined)
    joined.datasets.delete("local", gone.id)
    after = joined.datasets.find("local", upload(joined, numbers(9), "after.csv")).sha256

    later, smaller = written(joined, earlier)

    held, left_out = members(later), members(later)[LEFT_OUT].decode()
    assert (whole.left_out, smaller.left_out) == (0, left_out.count("\n"))
    assert before in left_out
    assert not any(before in name and not name.endswith("info.json") for name in held)
    assert any(after in name for name in held)
    assert smaller.files + smaller.left_out == whole.files  # one came, one went
    restored = restore.restore(Archive(later), place, named(earlier))
    assert restored.files == whole.files
    rooms = base(place)
    with closing(rooms.database):
        assert contents(rooms.database) == contents(joined.database)
        here = files_of(joined.settings.storage)
        assert files_of(place.storage) == {name: here[name] for name in here if gone.sha256 not in name}


def test_it_is_refused_without_the_backup_it_was_made_on(joined: Base, place: Settings) -> None:
    upload(joined, numbers(5))
    earlier, _ = written(joined)
    upload(joined, numbers(6), "more.csv")
    another, _ = written(joined)
    later, _ = written(joined, earlier)

    def refusal(file: io.BytesIO, base: io.BytesIO | None) -> str:
        with pytest.raises(BackupRefused) as refused:
            restore.restore(Archive(file), place, named(base))
        assert not place.storage.exists() or not any(place.storage.iterdir())
        return refused.value.detail

    assert "leaves out files that an earlier one has" in refusal(later, None)
    assert "was made on another one than earlier.tar" in refusal(later, another)
    assert "leaves out nothing" in refusal(another, earlier)
    assert "leaves out files itself" in refusal(another, later)
    damaged = earlier.getvalue().replace(b"x0,x1\n", b"x0,x2\n", 1)
    assert damaged != earlier.getvalue()
    assert "cut short or altered" in refusal(later, io.BytesIO(damaged))
    assert "cut short or altered" in refusal(later, io.BytesIO(earlier.getvalue()[:4_096]))


def test_the_commands_take_the_earlier_backup_by_name(
    joined: Base, place: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    earlier, later = str(tmp_path / "earlier.tar"), str(tmp_path / "later.tar")
    upload(joined, numbers(5))

    backups.write(joined.settings, Namespace(file=earlier, data_dir=None, base=None))
    backups.write(joined.settings, Namespace(file=later, data_dir=None, base=earlier))
    backups.read(place, Namespace(file=later, data_dir=None, base=earlier, check=True))
    backups.read(place, Namespace(file=later, data_dir=None, base=earlier, check=False))

    said = capfd.readouterr().err
    assert f"2 more files are in {earlier}: a restore needs it, too." in said
    assert "The backup is whole" in said
    assert files_of(place.storage) == files_of(joined.settings.storage)


def test_a_release_that_does_not_know_of_it_is_told_which_one_does(joined: Base) -> None:
    upload(joined, numbers(5))
    earlier, _ = written(joined)
    later, _ = written(joined, earlier)

    whole, partial = (json.loads(members(file)[HEADER]) for file in (earlier, later))

    assert (whole["format"], "base" in whole) == (1, False)  # as older releases read it
    assert partial["format"] == 2
    assert LEFT_OUT in members(later)[DIGESTS].decode()
