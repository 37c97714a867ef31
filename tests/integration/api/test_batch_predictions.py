"""Batch predictions over HTTP: what is accepted, refused, shown, downloaded and deleted."""

import base64
import hashlib
import io
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.batches import numbers, trained, upload
from tests.make import make_job
from worker import batch_predictor
from worker.trainer import Watch

PATH = "/api/v1/predictions"


@pytest.fixture
def work(joined: Base) -> Iterator[Any]:
    """Do the work of the next claim in this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    watch = Watch(os.dup(theirs.fileno()))

    def once() -> None:
        claim = joined.batches.claims.claim("cpu", "test")
        assert claim is not None
        assert batch_predictor.run(claim.job_id, claim.attempt, joined.settings, watch) == 0

    with ours, theirs, watch.channel:
        yield once


def test_a_data_set_is_predicted_and_its_output_downloaded_in_parts(
    client: FlaskClient, joined: Base, work: Any
) -> None:
    job, rows = trained(joined), upload(joined, numbers(50))
    asked = client.post(PATH, json={"job": job.name, "dataset": "rows.csv"})
    queued = asked.get_json()
    assert (asked.status_code, asked.headers["Location"]) == (202, f"{PATH}/{queued['id']}")
    assert (queued["object"], queued["status"], queued["done"]) == ("batch_prediction", "queued", False)
    assert (queued["job"], queued["dataset"]) == (job.id, rows)
    assert queued["progress"] == {"rows": 0, "total_rows": 50, "fraction": 0.0, "eta_seconds": None}
    early = client.get(f"{PATH}/{queued['id']}/content")
    assert (early.status_code, early.get_json()["code"]) == (409, "output_not_ready")

    work()

    shown = client.get(f"{PATH}/{queued['id']}")
    done = shown.get_json()
    assert (done["status"], done["done"], done["progress"]["fraction"]) == ("succeeded", True, 1.0)
    assert client.get(f"{PATH}/{queued['id']}", headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    whole = client.get(done["urls"]["content"])
    digest = hashlib.sha256(whole.data)
    assert (whole.mimetype, len(whole.data), digest.hexdigest()) == ("text/csv", done["size_bytes"], done["sha256"])
    assert whole.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    part = client.get(done["urls"]["content"], headers={"Range": "bytes=10-29"})
    assert (part.status_code, part.data) == (206, whole.data[10:30])
    part.close()
    whole.close()
    beyond = client.get(done["urls"]["content"], headers={"Range": "bytes=999999-"})
    assert (beyond.status_code, beyond.get_json()["code"]) == (416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{done['size_bytes']}"
    cells = [[float(cell) for cell in line.split(",")] for line in numbers(50).splitlines()[1:]]
    small = client.post(f"/api/v1/jobs/{job.id}/predict", json={"x": cells}).get_json()
    assert small["weights_sha256"] == done["weights_sha256"]
    assert [float(line) for line in whole.data.splitlines()[1:]] == pytest.approx(small["predictions"], rel=1e-5)
    assert [entry["id"] for entry in client.get(PATH).get_json()["data"]] == [queued["id"]]
    assert client.delete(f"{PATH}/{queued['id']}").status_code == 204
    assert client.get(f"{PATH}/{queued['id']}").status_code == 404


def test_the_same_key_brings_the_same_batch_prediction(client: FlaskClient, joined: Base) -> None:
    job = trained(joined)
    upload(joined, numbers(5))
    body, key = {"job": job.name, "dataset": "rows.csv"}, {"Idempotency-Key": "once"}

    first = client.post(PATH, json=body, headers=key)
    again = client.post(PATH, json=body, headers=key)
    other = client.post(PATH, json=body | {"format": "parquet"}, headers=key)
    client.post(f"{PATH}/{first.get_json()['id']}/cancel")
    client.delete(f"{PATH}/{first.get_json()['id']}")
    anew = client.post(PATH, json=body, headers=key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.get_json()["id"] == first.get_json()["id"] == again.headers["Location"].rpartition("/")[2]
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")
    assert anew.status_code == 202
    assert [entry["id"] for entry in client.get(PATH).get_json()["data"]] == [anew.get_json()["id"]]


def test_a_registered_model_predicts_by_its_alias_and_by_its_version(client: FlaskClient, joined: Base) -> None:
    job = trained(joined)
    upload(joined, numbers(5))
    client.post("/api/v1/models/m/versions", json={"job": job.id})
    client.put("/api/v1/models/m/aliases/champion", json={"version": 1})

    by_alias = client.post(PATH, json={"model": "m@champion", "dataset": "rows.csv", "format": "parquet"}).get_json()
    by_version = client.post(PATH, json={"model": "m", "version": 1, "dataset": "rows.csv"}).get_json()

    assert by_alias["model"] == {"name": "m", "version": 1, "alias": "champion"}
    assert by_version["model"] == {"name": "m", "version": 1, "alias": None}
    page = client.get(f"{PATH}?limit=1").get_json()
    assert (page["has_more"], page["data"][0]["id"]) == (True, by_version["id"])
    assert client.get(page["next"]).get_json()["data"][0]["id"] == by_alias["id"]
    for _ in range(2):
        assert client.post(f"{PATH}/{by_alias['id']}/cancel").get_json()["status"] == "cancelled"
    assert client.delete(f"{PATH}/{by_version['id']}").get_json()["code"] == "invalid_transition"
    assert client.delete(f"{PATH}/{by_version['id']}?force=true").status_code == 204


def test_bad_requests_are_refused_with_the_place_of_the_fault(client: FlaskClient, joined: Base) -> None:
    job, waiting = trained(joined), make_job(joined)
    upload(joined, numbers(5))
    upload(joined, "x0,wrong\n1,2\n3,4\n", "other.csv")
    inline = job.data.id

    def refused(**body: Any) -> tuple[int, str, str]:
        answer = client.post(PATH, json=body)
        found = answer.get_json()
        return answer.status_code, found["code"], found["errors"][0]["pointer"] if "errors" in found else ""

    assert refused(job=job.id, dataset="none.csv") == (422, "validation_error", "#/dataset")
    assert refused(job=job.id, dataset="other.csv") == (422, "validation_error", "#/dataset")
    assert refused(job=job.id, dataset=inline) == (422, "validation_error", "#/dataset")
    assert refused(job=job.id, dataset="rows.csv", format="xlsx") == (422, "validation_error", "#/format")
    assert refused(dataset="rows.csv")[:2] == (422, "validation_error")
    assert refused(job=job.id, model="m", dataset="rows.csv")[:2] == (422, "validation_error")
    assert refused(job=job.id, dataset="rows.csv", rows=5)[:2] == (422, "validation_error")
    assert refused(job=waiting.id, dataset="rows.csv")[:2] == (409, "no_checkpoint_yet")
    assert refused(job="job_none", dataset="rows.csv")[:2] == (404, "not_found")
    assert refused(model="none", dataset="rows.csv")[:2] == (404, "not_found")
    assert refused(job=job.id, checkpoint="epoch:99", dataset="rows.csv")[:2] == (404, "not_found")
    assert client.get(f"{PATH}/pred_none").status_code == 404
    assert client.post(f"{PATH}/pred_none/cancel").status_code == 404
    assert client.get(PATH).get_json()["data"] == []


def test_a_data_set_that_lost_its_file_fails_it(client: FlaskClient, joined: Base) -> None:
    job = trained(joined)
    text = numbers(5)
    joined.files.datasets.remove(
        joined.datasets.upload(io.BytesIO(text.encode()), name="gone.csv", owner="local")[0].sha256
    )
    prediction = client.post(PATH, json={"job": job.id, "dataset": "gone.csv"}).get_json()
    claim = joined.batches.claims.claim("cpu", "test")
    assert claim is not None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    watch = Watch(os.dup(theirs.fileno()))
    with ours, theirs, watch.channel:
        batch_predictor.run(claim.job_id, claim.attempt, joined.settings, watch)

    found = client.get(f"{PATH}/{prediction['id']}").get_json()

    assert (found["status"], found["error"]["code"]) == ("failed", "data_unreadable")
