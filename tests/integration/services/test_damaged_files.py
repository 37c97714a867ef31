"""Files of data sets that were changed or lost on the disk: nothing trains on them, and an upload mends them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services import fingerprints
from services.dataset_errors import DatasetDamaged
from services.datasets.dataset_views import DatasetView
from services.datasets.storage import INFO, ORIGINAL, TABLE
from services.specs.schema.data import Data
from services.training_errors import DataChanged, DataUnreadable
from services.wiring.base import Base
from tests.integration.services.test_datasets import OWNER, TEXT, found, upload


def flip(path: Path) -> None:
    """Change a byte of a file, its size and time of writing kept."""
    found, raw = path.stat(), bytearray(path.read_bytes())
    raw[0] ^= 1
    path.write_bytes(raw)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def open_table(joined: Base, dataset: DatasetView) -> None:
    """Open a table as a trainer does."""
    joined.files.datasets.open_table(dataset.sha256, dataset.info)


def test_a_table_with_a_changed_byte_is_not_opened(joined: Base) -> None:
    dataset = upload(joined)
    open_table(joined, dataset)
    flip(joined.files.datasets.path(dataset.sha256) / TABLE)

    with pytest.raises(DataChanged):
        open_table(joined, dataset)
    with pytest.raises(DatasetDamaged) as caught:
        joined.datasets.rows(OWNER, dataset.id, limit=1)
    assert "same file" in caught.value.members["hint"]


def test_a_table_that_an_older_release_stored_is_held_against_what_it_was_when_first_opened(joined: Base) -> None:
    dataset = upload(joined)
    info = joined.files.datasets.path(dataset.sha256) / INFO
    kept = json.loads(info.read_text())
    info.write_text(json.dumps({key: value for key, value in kept.items() if not key.endswith("_sha256")}))

    open_table(joined, dataset)
    assert joined.datasets.rows(OWNER, dataset.id, limit=1)
    assert json.loads(info.read_text())["table_sha256"] == kept["table_sha256"]
    flip(joined.files.datasets.path(dataset.sha256) / TABLE)
    with pytest.raises(DataChanged):
        open_table(joined, dataset)


def test_a_table_that_is_gone_is_said_to_be(joined: Base) -> None:
    dataset = upload(joined)
    (joined.files.datasets.path(dataset.sha256) / TABLE).unlink()

    with pytest.raises(DataUnreadable):
        open_table(joined, dataset)
    with pytest.raises(DatasetDamaged):
        joined.datasets.rows(OWNER, dataset.id, limit=1)


@pytest.mark.parametrize("name", [ORIGINAL, TABLE, INFO])
@pytest.mark.parametrize("harm", [flip, Path.unlink], ids=["changed", "deleted"])
def test_uploading_the_same_bytes_again_mends_what_was_lost(
    joined: Base, name: str, harm: Callable[[Path], None]
) -> None:
    dataset = upload(joined)
    harm(joined.files.datasets.path(dataset.sha256) / name)

    again = upload(joined, name="other")

    assert again.id == dataset.id
    assert joined.datasets.rows(OWNER, dataset.id, limit=9) == [[1.5, "x", True], [None, "y", False]]
    assert joined.datasets.content(OWNER, dataset.id)[1].read_bytes() == TEXT


def test_a_changed_original_is_not_handed_out(joined: Base) -> None:
    dataset = upload(joined)
    flip(joined.files.datasets.path(dataset.sha256) / ORIGINAL)

    with pytest.raises(DatasetDamaged):
        joined.datasets.content(OWNER, dataset.id)


@pytest.mark.parametrize("data", [Data(x=[[1], [2]], y=[1, 2]), Data(builtin="iris")], ids=["inline", "builtin"])
def test_what_comes_with_a_request_mends_itself(joined: Base, data: Data) -> None:
    dataset = found(joined, data, OWNER)
    flip(joined.files.datasets.path(dataset.sha256) / TABLE)

    open_table(joined, found(joined, data, OWNER))


def test_a_file_is_read_once_until_it_is_touched(joined: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, read = upload(joined), fingerprints.digest
    looks: list[Path] = []
    monkeypatch.setattr(fingerprints, "digest", lambda path: looks.append(path) or read(path))  # type: ignore[func-returns-value]

    for _ in range(3):
        open_table(joined, dataset)
    os.utime(joined.files.datasets.path(dataset.sha256) / TABLE)
    open_table(joined, dataset)

    assert len(looks) == 2
