"""Data sets in a bucket: uploaded on one host, trained on another, refused when their bytes are others."""

import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import obstore
import pytest

from services.dataset_errors import DatasetDamaged
from services.errors import NotReady
from services.training_errors import DataChanged, DataUnreadable
from services.wiring.base import Base
from tests.integration.storage.conftest import Hosts
from tests.make import make_job, train

TEXT = b"a,y\n" + b"".join(b"%d,%d\n" % (n, 2 * n + 1) for n in range(40))
OWNER = "local"


def upload(host: Base, raw: bytes = TEXT, name: str = "rows.csv") -> str:
    """Upload bytes; return the id of their data set."""
    return host.datasets.upload(io.BytesIO(raw), name=name, owner=OWNER)[0].id


def costs(host: Base, job_id: str) -> list[tuple[float, float]]:
    """Return the costs of a job's epochs."""
    return [(epoch.train_cost, epoch.val_cost) for epoch in host.jobs.lookup.epochs(OWNER, job_id)]


def open_table(host: Base, dataset_id: str) -> None:
    """Open a table as a trainer does."""
    dataset = host.datasets.find(OWNER, dataset_id)
    host.files.datasets.open_table(dataset.sha256, dataset.info)


def test_a_job_trains_on_a_host_that_has_nothing_as_where_the_data_set_was_uploaded(hosts: Hosts) -> None:
    api, worker = hosts.host("api"), hosts.host("worker")
    dataset = upload(api)
    near, far = (make_job(api, data={"dataset": dataset, "target": "y"}) for _ in range(2))

    assert train(api, near.id).status == "succeeded"
    assert train(worker, far.id).status == "succeeded"

    assert costs(api, far.id) == costs(api, near.id)
    assert [path.name for path in worker.files.datasets.path(sha256(TEXT).hexdigest()).glob("table.f32")] == [
        "table.f32"
    ]
    assert not (hosts.folder / "api" / "datasets").exists()
    names = hosts.names
    assert hosts.name("original-").endswith(f"/original-{sha256(TEXT).hexdigest()}")
    for name in (name for name in names if "-" in name):
        content = bytes(obstore.get(hosts.s3.objects(hosts.prefix), name).bytes())
        assert name.endswith(sha256(content).hexdigest())


def test_rows_and_the_uploaded_bytes_are_read_from_any_host(hosts: Hosts) -> None:
    dataset = upload(hosts.host("api"))
    other = hosts.host("other")

    assert other.datasets.rows(OWNER, dataset, limit=2) == [[0, 1], [1, 3]]
    assert other.datasets.content(OWNER, dataset)[1].read_bytes() == TEXT
    assert other.datasets.upload(io.BytesIO(TEXT), name="rows.csv", owner=OWNER)[1] is False


def test_inline_rows_and_sample_tables_go_to_the_bucket_as_well(hosts: Hosts) -> None:
    api, worker = hosts.host("api"), hosts.host("worker")

    for data in ({"x": [[1.0], [2.0], [3.0], [4.0]], "y": [1.0, 2.0, 3.0, 4.0]}, {"builtin": "iris"}):
        for _ in range(2):  # the second finds the first one's
            assert train(worker, make_job(api, data=data).id).status == "succeeded"
    assert sum(name.endswith("info.json") for name in hosts.names) == 2


@pytest.mark.parametrize(
    ("part", "more"), [("table.f32-", {"limit": 1}), ("original-", {}), ("info.json", {"limit": 1})]
)
def test_other_bytes_are_refused_and_an_upload_of_the_same_file_stores_it_again(
    hosts: Hosts, part: str, more: dict[str, int]
) -> None:
    api, worker = hosts.host("api"), hosts.host("worker")
    dataset, objects, name = upload(api), hosts.s3.objects(hosts.prefix), hosts.name(part)
    stored = bytearray(obstore.get(objects, name).bytes())
    stored[0] ^= 1
    obstore.put(objects, name, bytes(stored))

    with pytest.raises(DatasetDamaged) as refused:
        (worker.datasets.content if part == "original-" else worker.datasets.rows)(OWNER, dataset, **more)
    assert "same file" in refused.value.members["hint"]
    assert not api.datasets.listing(OWNER, limit=1, after=None, sha256=sha256(TEXT).hexdigest())[0]
    assert upload(api) == dataset

    open_table(worker, dataset)
    assert worker.datasets.content(OWNER, dataset)[1].read_bytes() == TEXT
    assert not [name for name in hosts.names if name.endswith("damaged")]


def test_a_job_fails_with_a_sentence_when_its_bytes_are_others(hosts: Hosts) -> None:
    api, worker = hosts.host("api"), hosts.host("worker")
    job = make_job(api, data={"dataset": upload(api), "target": "y"})
    obstore.put(hosts.s3.objects(hosts.prefix), hosts.name("table.f32-"), b"\0" * 320)

    with pytest.raises(DataChanged) as refused:
        train(worker, job.id)
    assert "SHA-256 differs" in refused.value.detail
    assert costs(api, job.id) == []


def test_what_is_gone_from_the_bucket_is_said_to_be(hosts: Hosts) -> None:
    api = hosts.host("api")
    dataset = upload(api)
    obstore.delete(hosts.s3.objects(hosts.prefix), hosts.names)

    with pytest.raises(DataUnreadable, match="not in the bucket"):
        open_table(hosts.host("worker"), dataset)
    open_table(api, dataset)  # it has a copy of what it needs
    assert upload(api) == dataset
    open_table(hosts.host("third"), dataset)


def test_two_api_processes_that_take_the_same_bytes_at_once_store_one_data_set(hosts: Hosts) -> None:
    apis = [hosts.host(f"api-{n}") for n in range(2)]
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda n: upload(apis[n % 2]), range(6)))

    assert len(found) == 1
    assert len([name for name in hosts.names if name.startswith("datasets/")]) == 4  # original, table, info, used
    open_table(hosts.host("worker"), *found)


def test_an_upload_that_breaks_off_leaves_nothing_in_the_bucket(hosts: Hosts) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read(10)

    api = hosts.host("api")
    with pytest.raises(ConnectionResetError):
        api.datasets.upload(Broken(TEXT), name="rows.csv", owner=OWNER)

    assert hosts.names == []
    assert [path.name for path in (hosts.folder / "api").rglob("original")] == []


def test_what_an_api_process_left_behind_when_it_was_killed_goes_with_a_later_upload(hosts: Hosts) -> None:
    api = hosts.host("api")
    left = hosts.folder / "api" / "cache" / "datasets" / ".draft-left"
    left.mkdir(parents=True)
    os.utime(left, (time.time() - 7_200,) * 2)

    upload(api)

    assert not left.exists()


def test_a_sweep_removes_from_the_bucket_what_no_row_refers_to_once_it_is_old(hosts: Hosts) -> None:
    api = hosts.host("api")
    kept, gone = upload(api), upload(api, b"a\n1\n2\n", "gone.csv")
    api.datasets.delete(OWNER, gone)

    assert api.datasets.sweep() == 0  # not old yet: a submit may be about to refer to it
    assert api.datasets.sweep(older_than_s=-60) == 1

    assert [
        json.loads(bytes(obstore.get(hosts.s3.objects(hosts.prefix), name).bytes()))["format"]
        for name in hosts.names
        if name.endswith("info.json")
    ] == ["csv"]
    open_table(hosts.host("worker"), kept)


def test_a_bucket_that_is_away_refuses_what_needs_it_and_nothing_else(hosts: Hosts) -> None:
    dataset, impatient = upload(hosts.host("api")), hosts.impatient("api")
    hosts.s3.stop()

    with pytest.raises(NotReady, match="does not answer"):
        upload(impatient, b"a\n1\n2\n")
    job = make_job(impatient, data={"dataset": dataset, "target": "y"})
    hosts.s3.resume()

    assert train(hosts.host("worker"), job.id).status == "succeeded"
