"""Data sets on both databases: uploads, listings, rows, deleting and sweeping."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.dataset_errors import DatasetInUse
from services.datasets import dataset_rows
from services.datasets.dataset_views import DatasetView
from services.errors import InvalidRequest, NotFound, NotReady
from services.specs.schema.data import Data
from services.wiring.base import Base
from tests.make import make_job

OWNER = "local"
TEXT = b"a,b,c\n1.5,x,true\n,y,false\n"
ROWS = Data(x=[[1], [2]], y=[1, 2])


def upload(joined: Base, raw: bytes = TEXT, name: str = "rows.csv") -> DatasetView:
    """Upload bytes; return their data set."""
    return joined.datasets.upload(io.BytesIO(raw), name=name, owner=OWNER)[0]


def found(joined: Base, data: Data, owner: str) -> DatasetView:
    """Return the data set of a spec, as a submit finds it."""
    with joined.database.reading() as session:
        return joined.sources.find(session, data, owner)


def age(folder: Path) -> None:
    """Make a folder look two hours old."""
    for path in (folder, *folder.glob("*")):
        os.utime(path, (time.time() - 7200,) * 2)


def test_the_same_bytes_twice_are_one_data_set(joined: Base) -> None:
    first, created = joined.datasets.upload(io.BytesIO(TEXT), name="one", owner=OWNER)
    second, again = joined.datasets.upload(io.BytesIO(TEXT), name="two", owner=OWNER)

    assert (created, again) == (True, False)
    assert second.id == first.id
    assert second.name == "two"
    assert joined.datasets.find(OWNER, "two").id == first.id
    with pytest.raises(NotFound):
        joined.datasets.find(OWNER, "one")


def test_a_data_set_is_renamed_by_its_owner_alone(joined: Base) -> None:
    dataset = upload(joined)

    assert joined.datasets.rename(OWNER, dataset.id, "harvest 2026.csv").name == "harvest 2026.csv"
    assert joined.datasets.find(OWNER, "harvest 2026.csv").id == dataset.id
    with pytest.raises(NotFound):
        joined.datasets.rename("somebody", dataset.id, "mine")
    with pytest.raises(InvalidRequest) as refused:
        joined.datasets.rename(OWNER, dataset.id, "../up")
    assert refused.value.faults[0].pointer == "#/name"


def test_the_same_bytes_at_once_are_one_data_set(joined: Base) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: upload(joined).id, range(8)))

    assert len(set(found)) == 1
    assert len(joined.datasets.listing(OWNER, limit=10, after=None)[0]) == 1


def test_an_upload_is_found_by_its_bytes_while_its_files_are_whole(joined: Base) -> None:
    dataset = upload(joined)
    upload(joined, b"a\n1\n2\n")

    found, _ = joined.datasets.listing(OWNER, limit=10, after=None, sha256=dataset.sha256)
    absent, _ = joined.datasets.listing(OWNER, limit=10, after=None, sha256="0" * 64)
    (joined.files.datasets.path(dataset.sha256) / "original").unlink()
    damaged, _ = joined.datasets.listing(OWNER, limit=10, after=None, sha256=dataset.sha256)

    assert [view.id for view in found] == [dataset.id]
    assert absent == damaged == []


def test_the_same_inline_rows_at_once_are_one_data_set(joined: Base) -> None:
    def keep(_: int) -> str:
        source = found(joined, ROWS, OWNER)
        with joined.database.transaction() as session:
            dataset_rows.lock(session, source.sha256)
            return joined.sources.keep(session, source).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(keep, range(8)))) == 1


def test_rows_come_back_as_they_were_uploaded(joined: Base) -> None:
    dataset = upload(joined)

    assert joined.datasets.rows(OWNER, dataset.id, limit=9) == [[1.5, "x", True], [None, "y", False]]
    assert joined.datasets.rows(OWNER, dataset.id, limit=1, after=1) == [[None, "y", False]]
    assert joined.datasets.content(OWNER, dataset.id)[1].read_bytes() == TEXT


def test_a_listing_goes_on_from_its_cursor(joined: Base) -> None:
    made = [upload(joined, b"a,b\n1,%d\n" % n, f"n{n}").id for n in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page, cursor = joined.datasets.listing(OWNER, limit=2, after=cursor)
        seen += [dataset.id for dataset in page]
        if cursor is None:
            break

    assert seen == made[::-1]


def test_an_unknown_name_is_answered_with_the_closest(joined: Base) -> None:
    upload(joined, name="flowers.csv")

    with pytest.raises(NotFound) as caught:
        joined.datasets.find(OWNER, "flowrs.csv")
    assert caught.value.members["suggestion"] == "flowers.csv"


def test_large_numbers_are_warned_of(joined: Base) -> None:
    dataset = upload(joined, b"id,b\n16777216,1\n16777217,2\n")

    assert [(entry["code"], entry["column"]) for entry in dataset.warnings] == [("inexact_numbers", "id")]


def test_a_data_set_in_use_is_not_deleted(joined: Base) -> None:
    dataset = upload(joined, b"a,b\n" + b"1,2\n2,4\n3,6\n4,8\n5,10\n" * 4)
    job = make_job(joined, data={"dataset": dataset.id, "target": "b"})

    with pytest.raises(DatasetInUse) as caught:
        joined.datasets.delete(OWNER, dataset.id)
    assert caught.value.members["jobs"] == [job.id]


def test_an_upload_deleted_before_the_submit_ends_does_not_come_back(joined: Base) -> None:
    source = found(joined, Data(dataset=upload(joined).id, target="c"), OWNER)
    joined.datasets.delete(OWNER, source.id)

    with pytest.raises(InvalidRequest), joined.database.transaction() as session:
        joined.sources.keep(session, source)


def test_deleted_files_stay_for_a_submit_under_way_and_go_in_a_sweep(joined: Base) -> None:
    dataset = upload(joined)
    folder = joined.files.datasets.path(dataset.sha256)
    joined.datasets.delete(OWNER, dataset.id)
    young = joined.datasets.sweep()
    age(folder)
    old = joined.datasets.sweep()

    assert (young, old) == (0, 1)
    assert not folder.exists()


def test_a_sweep_keeps_what_is_used_and_removes_old_drafts(joined: Base) -> None:
    dataset = upload(joined)
    draft = joined.files.datasets.folder / ".draft-lost"
    draft.mkdir()
    (draft / "original").touch()
    age(draft)
    age(joined.files.datasets.path(dataset.sha256))
    removed = joined.datasets.sweep()

    assert removed == 1
    assert not draft.exists()
    assert joined.files.datasets.holds(dataset.sha256)


def test_a_submit_of_rows_that_were_released_and_swept_is_asked_to_come_again(joined: Base) -> None:
    source = found(joined, ROWS, OWNER)
    with joined.database.transaction() as session:
        joined.sources.keep(session, source)
    with joined.database.transaction() as session:
        joined.datasets.release(session, source.id, OWNER)
    found_after_release = joined.files.datasets.holds(source.sha256)
    age(joined.files.datasets.path(source.sha256))
    joined.datasets.sweep()

    assert found_after_release
    with pytest.raises(NotReady), joined.database.transaction() as session:
        joined.sources.keep(session, source)
