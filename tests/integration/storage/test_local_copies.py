"""The local copies of a host: bounded, verified, never taken from who uses them, and fetched by one at a time."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest

from services.datasets.shared_storage import SharedStorage
from services.disk import Disk
from services.errors import StorageFull
from services.objects.address import Address
from services.objects.cache import Cache
from services.objects.store import ObjectStore
from services.settings import Settings
from services.training_errors import DataUnreadable
from services.wiring import stored_files
from services.wiring.base import Base
from tests.integration.storage.conftest import Hosts
from tests.integration.storage.test_datasets_on_s3 import OWNER, open_table, upload
from tests.make import make_job, train

TABLE_BYTES = 80_000
ROWS = TABLE_BYTES // 8
ROOM = 2 * TABLE_BYTES + 40_000  #: for two tables and what is kept beside them


def numbers(first: int) -> bytes:
    """Return a file whose table has 80,000 bytes."""
    return b"a,y\n" + b"".join(b"%d,%d\n" % (first + n, n) for n in range(ROWS))


def copies(hosts: Hosts, name: str) -> set[str]:
    """Return the SHA-256 of the data sets whose table a host has a copy of."""
    return {path.parent.name for path in (hosts.folder / name).glob("cache/datasets/*/*/table.f32")}


def home_of(host: Base, dataset_id: str) -> Path:
    """Return the folder of a data set's copy."""
    return host.files.datasets.path(host.datasets.find(OWNER, dataset_id).sha256)


def test_what_was_not_used_for_longest_goes_and_nothing_that_is_in_use(
    hosts: Hosts, old: Callable[[Path], None]
) -> None:
    api, worker = hosts.host("api"), hosts.host("worker", cache_bytes=ROOM)
    first, second, third, fourth = (upload(api, numbers(n)) for n in range(4))
    folder = hosts.folder / "worker"
    dataset = worker.datasets.find(OWNER, first)
    used = worker.files.datasets.open_table(dataset.sha256, dataset.info)
    open_table(worker, second)
    old(folder)
    os.utime(home_of(worker, second))  # it was used later than the first, which is in use
    old(folder)

    dataset = worker.datasets.find(OWNER, third)
    used = [used, worker.files.datasets.open_table(dataset.sha256, dataset.info)]
    assert copies(hosts, "worker") == {home_of(worker, each).name for each in (first, third)}
    old(folder)
    with pytest.raises(StorageFull, match="in use"):
        open_table(worker, fourth)

    del used
    old(folder)
    open_table(worker, fourth)
    open_table(worker, second)
    assert first not in copies(hosts, "worker")
    assert sum(path.stat().st_size for path in folder.glob("cache/*/*/*/*")) <= ROOM


def test_a_data_set_larger_than_all_copies_may_be_fails_its_job_and_says_what_to_do(hosts: Hosts) -> None:
    api, worker = hosts.host("api"), hosts.host("worker", cache_bytes=TABLE_BYTES - 1)
    job = make_job(api, data={"dataset": upload(api, numbers(0)), "target": "y"})

    with pytest.raises(DataUnreadable) as refused:
        train(worker, job.id)

    assert f"{TABLE_BYTES - 1:,} bytes" in refused.value.detail
    assert "BATCHYARD_CACHE_BYTES" in refused.value.members["hint"]
    with pytest.raises(StorageFull, match="larger than all local copies"):
        worker.datasets.rows(OWNER, job.data.id, limit=1)


def test_a_changed_copy_is_fetched_again(hosts: Hosts) -> None:
    api, worker = hosts.host("api"), hosts.host("worker")
    dataset = upload(api, numbers(0))
    open_table(worker, dataset)
    (home_of(worker, dataset) / "table.f32").write_bytes(b"\0" * TABLE_BYTES)

    assert worker.datasets.rows(OWNER, dataset, limit=3) == [[0, 0], [1, 1], [2, 2]]


class CountedReads(ObjectStore):
    """Objects that know which of them were fetched."""

    fetched: ClassVar[list[str]] = []

    def read_into(self, key: str, path: Path, told: Callable[[], None] = lambda: None) -> str:
        """Count, and do it."""
        self.fetched.append(key)
        return super().read_into(key, path, told)


def test_of_many_that_need_a_copy_at_once_one_fetches_it(hosts: Hosts) -> None:
    api, settings = hosts.host("api"), hosts.settings("worker")
    found = api.datasets.find(OWNER, upload(api, numbers(0)))
    address = Address.of(settings)
    assert address
    storages = [SharedStorage(CountedReads(address, 30.0), stored_files.cache(settings)) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        tables = list(pool.map(lambda storage: storage.open_table(found.sha256, found.info), storages))

    assert [table[-1, 0] for table in tables] == [ROWS - 1] * 6
    assert len(CountedReads.fetched) == 1


def test_a_process_that_is_killed_while_it_fetches_is_in_nobodys_way(hosts: Hosts) -> None:
    api = hosts.host("api")
    dataset = api.datasets.find(OWNER, upload(api, numbers(0)))
    settings = hosts.settings("worker")
    # It stops before its file is whole: it is told of every piece, and never comes back.
    code = (
        "import sys, signal; from services.wiring import stored_files; from services.settings import Settings\n"
        "from services.columns import Column, TableInfo\n"
        "def stuck(): print('fetching', flush=True); signal.pause()\n"
        "storage = stored_files.dataset_storage(Settings.from_env(), stuck)\n"
        f"storage.open_table({dataset.sha256!r}, TableInfo({ROWS}, [None, None]))\n"
    )
    given = {name: str(getattr(settings, name)) for name in vars(settings) if name.startswith(("storage_", "cache_"))}
    environ = os.environ | {f"BATCHYARD_{name.upper()}": value for name, value in given.items()}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"fetching\n"
        process.kill()
    worker = hosts.host("worker")
    assert list((hosts.folder / "worker").rglob("*.coming"))

    open_table(worker, dataset.id)

    assert copies(hosts, "worker") == {sha256(numbers(0)).hexdigest()}
    assert not list((hosts.folder / "worker").rglob("*.coming"))


def test_a_trainer_waits_for_a_bucket_that_is_away_and_goes_on(hosts: Hosts) -> None:
    api = hosts.host("api")
    dataset = api.datasets.find(OWNER, upload(api, numbers(0)))
    waited: list[str] = []

    def wait() -> None:
        waited.append("")
        hosts.s3.resume()

    storage = stored_files.dataset_storage(hosts.settings("worker", storage_timeout_s=0.2), wait)
    hosts.s3.stop()
    table = storage.open_table(dataset.sha256, dataset.info)

    assert waited
    assert table.shape == (ROWS, 2)


def test_a_full_disk_is_waited_for_and_what_was_begun_is_gone(hosts: Hosts) -> None:
    api = hosts.host("api")
    dataset = api.datasets.find(OWNER, upload(api, numbers(0)))
    settings = hosts.settings("worker")
    free, waited = [0], list[str]()
    disk = Disk(settings, lambda _: free[0])
    objects = ObjectStore.of(settings)
    assert objects

    def wait() -> None:
        waited.append("")
        free[0] = Settings.disk_reserve_bytes + TABLE_BYTES

    cache = Cache(settings.storage / "cache", settings.cache_bytes, disk)
    with pytest.raises(StorageFull, match="are free"):
        SharedStorage(objects, cache).open_table(dataset.sha256, dataset.info)
    assert not list(settings.storage.rglob("*.coming"))
    assert SharedStorage(objects, cache, wait).open_table(dataset.sha256, dataset.info)[3, 0] == 3
    assert waited


def test_a_disk_that_fills_up_while_a_file_comes_is_said_to_be_full(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = hosts.host("api")
    dataset = upload(api, numbers(0))

    def no_room(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(StorageFull, match="full"):
        open_table(hosts.host("worker"), dataset)
