"""The data folder of an older release: it migrates, its jobs predict what they predicted, and a paused one goes on."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack import Stack, local_stack

RELEASED = Path(__file__).parent / "released" / "schema-0009.tar.xz"
EPOCHS = 600  #: of the job that was paused


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The older release's data folder."""
    folder = tmp_path_factory.mktemp("released") / "data"
    with tarfile.open(RELEASED) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    """A stack of today over it."""
    with local_stack(folder, "--workers", "1") as stack:
        yield stack


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, Any]:
    """What the older release answered, by the name of the job."""
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    return found


@pytest.mark.parametrize("name", ["tutorial", "iris", "people"])
def test_its_jobs_predict_the_same(stack: Stack, expected: dict[str, Any], name: str) -> None:
    then = expected[name]

    now = stack.http.post(f"/api/v1/jobs/{then['job']}/predict", json=then["rows"]).json()

    assert now["predictions"] == then["predictions"]
    assert now["probabilities"] == then["probabilities"]
    assert stack.json(f"/api/v1/jobs/{then['job']}")["best"] == then["best"]


def test_a_job_that_it_paused_goes_on_to_its_end(stack: Stack, expected: dict[str, Any]) -> None:
    job_id = expected["paused"]["job"]
    before = stack.json(f"/api/v1/jobs/{job_id}/metrics")["data"]
    stack.http.post(f"/api/v1/jobs/{job_id}/resume", json={}).raise_for_status()

    done = stack.finished(job_id)

    after = stack.json(f"/api/v1/jobs/{job_id}/metrics")["data"]
    assert (done["status"], len(after)) == ("succeeded", EPOCHS)
    assert after[: len(before)] == before


def test_its_data_set_trains_a_new_job(stack: Stack) -> None:
    dataset = stack.json("/api/v1/datasets")["data"][0]

    job = stack.finished(
        stack.submit({"data": {"dataset": dataset["id"], "target": "kind"}, "model": "linear", "epochs": 3})
    )

    assert job["status"] == "succeeded", job["error"]
