"""Backups of what is in a bucket, restored into another bucket or into a folder: this is also how one moves to S3."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import obstore
import pytest

from services.backups import backup, restore
from services.backups.archive import Archive
from services.errors import NotReady
from services.settings import Settings
from services.wiring.base import Base, base
from tests.batches import OWNER, numbers, queued, trained, upload
from tests.integration.storage.conftest import Hosts
from tests.integration.storage.test_outputs_on_s3 import output, predict
from worker import outcome

ROWS = 40


@contextmanager
def restored(file: io.BytesIO, place: Settings) -> Iterator[Base]:
    """Restore a backup, and yield the rooms over it."""
    restore.restore(Archive(file), place)
    rooms = base(place)
    with closing(rooms.database):
        yield rooms


@pytest.mark.parametrize("to", ["bucket", "folder"])
def test_a_backup_holds_the_files_of_a_bucket_and_goes_anywhere(hosts: Hosts, to: str) -> None:
    api = hosts.host("api")
    job, rows = trained(api), upload(api, numbers(ROWS))
    done, half = (queued(api, job, rows, piece_rows=ROWS // 4) for _ in range(2))
    assert predict(api, done.id) == outcome.DONE
    predict(api, half.id, pieces=2)
    expected = output(api, done.id)
    before = [name for name in hosts.names if "-" in name]

    file = io.BytesIO()
    assert backup.write(api.database, file).warnings == []
    other = replace(hosts, prefix=f"{hosts.prefix}-restored")
    place = other.settings("restored", database_url="")
    place = place if to == "bucket" else replace(place, storage_url="")

    with restored(file, place) as rooms:
        assert output(rooms, done.id) == expected
        assert rooms.datasets.content(OWNER, rows)[1].read_bytes() == numbers(ROWS).encode()
        assert predict(rooms, half.id) == outcome.DONE
        assert output(rooms, half.id) == expected
    if to == "bucket":
        kept = {name for name in before if "piece" not in name}
        assert kept <= set(other.names)
        assert not (hosts.folder / "restored" / "datasets").exists()


def test_what_is_lost_or_damaged_in_the_bucket_is_said(hosts: Hosts) -> None:
    api = hosts.host("api")
    upload(api, numbers(ROWS))
    objects = hosts.s3.objects(hosts.prefix)
    obstore.delete(objects, hosts.name("original-"))
    obstore.put(objects, hosts.name("table.f32-"), b"1234")

    warnings = backup.write(api.database, io.BytesIO()).warnings

    assert len(warnings) == 2
    assert "original is not in the bucket on S3" in warnings[0]
    assert "table.f32 does not have the SHA-256" in warnings[1]


def test_a_restore_leaves_nothing_when_the_bucket_is_away(hosts: Hosts) -> None:
    api = hosts.host("api")
    upload(api, numbers(ROWS))
    file = io.BytesIO()
    backup.write(api.database, file)
    place = hosts.settings("restored", database_url="", storage_timeout_s=0.2)
    hosts.s3.stop()

    with pytest.raises(NotReady, match="does not answer"):
        restore.restore(Archive(file), place)

    assert list((hosts.folder / "restored").rglob("*")) == []
