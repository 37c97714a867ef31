"""A trained model in other formats over HTTP: handed out at once or when it is built, and deleted with its job."""

import io
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from flask.testing import FlaskClient

from services.exports.formats import Format
from services.wiring.base import Base
from tests.make import make_job, train


def fetched(client: FlaskClient, job: str, kind: str) -> Any:
    """Ask for an export until it is there."""
    for _ in range(900):
        answer = client.get(f"/api/v1/jobs/{job}/export?format={kind}", buffered=True)
        if answer.status_code != 202:
            return answer
        assert answer.json == {"object": "export", "status": "running", "done": False, "format": kind}
        assert answer.headers["Retry-After"] == "2"
        time.sleep(0.2)
    raise AssertionError("it was not built in three minutes")


def test_weights_are_handed_out_at_once_and_in_parts(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)
    path = f"/api/v1/jobs/{job.id}/export?format=state_dict"

    answer = client.get(path, buffered=True)
    part = client.get(path, headers={"Range": "bytes=0-3"}, buffered=True)

    assert answer.status_code == 200
    assert answer.headers["X-Export-Max-Difference"] == "0"
    assert f"{job.name}-e{job.training.best.epoch}.pt" in answer.headers["Content-Disposition"]
    assert int(answer.headers["X-Export-Rows"]) == 2
    weights = torch.load(io.BytesIO(answer.data), weights_only=True)
    prediction = client.post(f"/api/v1/jobs/{job.id}/predict", json={"x": [[0.0, 0.0]]}).json
    assert set(weights) == {"weight", "bias"}
    assert prediction["predictions"]
    assert (part.status_code, part.data) == (206, answer.data[:4])
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True).status_code == 304


def test_a_bundle_is_built_beside_the_requests_kept_and_deleted_with_its_job(
    client: FlaskClient, joined: Base, tmp_path: Path
) -> None:
    job = train(joined, make_job(joined).id)

    first = client.get(f"/api/v1/jobs/{job.id}/export", headers={"Accept": "text/html,*/*"}, buffered=True)
    answer = fetched(client, job.id, "bundle")
    best = f"epoch:{job.training.best.epoch}"
    again = client.get(f"/api/v1/jobs/{job.name}/export?format=bundle&checkpoint={best}", buffered=True)

    assert first.status_code == 202
    assert first.headers["Refresh"] == "2"
    assert answer.status_code == 200, answer.json
    assert float(answer.headers["X-Export-Max-Difference"]) < 1e-6
    assert again.data == answer.data
    assert "predict.py" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    folder = joined.files.exports.folder / job.id
    assert folder.exists()
    assert client.delete(f"/api/v1/jobs/{job.id}").status_code == 204
    assert not folder.exists()


def test_the_page_of_a_job_links_every_format(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)

    page = client.get(f"/jobs/{job.id}?tab=checkpoints").text

    for kind in Format:
        assert f'href="/api/v1/jobs/{job.id}/export?format={kind}"' in page
    assert f'href="/api/v1/jobs/{job.id}/card"' in page


def test_a_card_says_what_the_model_is(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)

    answer = client.get(f"/api/v1/jobs/{job.id}/card")

    assert answer.content_type == "text/markdown; charset=utf-8"
    assert answer.text.startswith(f"# {job.name}\n\nPredicts y, in original units.")
    assert job.data.sha256 in answer.text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("format=pickle", 422, "validation_error"), ("checkpoint=epoch:77", 404, "not_found"), ("x=1", 422, None)],
)
def test_what_can_not_be_exported_is_said(
    client: FlaskClient, joined: Base, query: str, status: int, code: str | None
) -> None:
    job = train(joined, make_job(joined).id)

    answer = client.get(f"/api/v1/jobs/{job.id}/export?{query}", buffered=True)

    assert answer.status_code == status
    assert code is None or answer.json["code"] == code


def test_a_job_without_weights_exports_nothing(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)

    answer = client.get(f"/api/v1/jobs/{job.id}/export?format=bundle", buffered=True)

    assert (answer.status_code, answer.json["code"]) == (409, "no_checkpoint_yet")
