"""Jobs over HTTP, on both databases."""

import base64
import csv
import hashlib
import io
import time
from dataclasses import replace
from typing import Any

from flask.testing import FlaskClient
from safetensors.numpy import load

from api import create_app
from services.jobs.listing import Filters
from services.wiring.base import Base
from tests.integration.api.waiters import meanwhile
from tests.make import SMALL, train
from tests.stack import TUTORIAL

JOB = SMALL | {"name": "small", "split": "none", "batch_size": 5, "epochs": 4}

QUEUED = Filters(statuses=["queued"])


def submit(client: FlaskClient, **parts: Any) -> dict[str, Any]:
    """Submit a job and return the answer's body."""
    answer = client.post("/api/v1/jobs", json=JOB | parts)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def trained(client: FlaskClient, joined: Base, **parts: Any) -> str:
    """Submit a job, train it, and return its id."""
    job_id: str = submit(client, **parts)["id"]
    train(joined, job_id)
    return job_id


def test_a_submit_is_taken_in_and_says_where_the_job_is(client: FlaskClient) -> None:
    answer = client.post("/api/v1/jobs", json=JOB)
    job = answer.get_json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["X-Request-Id"].startswith("req_")
    assert (job["status"], job["done"], job["name"]) == ("queued", False, "small")
    assert "x" not in job["spec"]["data"]
    assert job["spec"]["data"]["dataset"].startswith("ds_")


def test_a_submit_rings_a_worker_without_waiting_for_it(client: FlaskClient, app: Any) -> None:
    submit(client)
    bell = app.extensions["batchyard"].bell

    deadline = time.monotonic() + 30
    while not bell.depth("cpu") and time.monotonic() < deadline:
        time.sleep(0.01)

    assert bell.depth("cpu") == 1


def test_validate_only_says_what_would_be_stored_and_stores_nothing(client: FlaskClient) -> None:
    answer = client.post("/api/v1/jobs?validate_only=true", json={"data": {"builtin": "iris"}, "model": "linear"})

    assert answer.status_code == 200
    assert answer.get_json()["model_summary"]["parameters"] == 15
    assert answer.get_json()["estimate"]["steps_per_epoch"] == 15
    assert client.get("/api/v1/jobs").get_json()["data"] == []


def test_a_key_brings_the_same_job_and_refuses_another_body(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "k"}
    first = client.post("/api/v1/jobs", json=JOB, headers=key)
    again = client.post("/api/v1/jobs", json=JOB, headers=key)
    other = client.post("/api/v1/jobs", json=JOB | {"seed": 1}, headers=key)

    assert (again.status_code, again.get_json()["id"]) == (202, first.get_json()["id"])
    assert again.headers["Location"] == first.headers["Location"]
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")


def test_a_wait_ends_when_the_job_does_and_else_after_its_time(client: FlaskClient, joined: Base) -> None:
    began = time.monotonic()
    waited = client.post("/api/v1/jobs", json=JOB, headers={"Prefer": "wait=1"})
    took = time.monotonic() - began
    train(joined, waited.get_json()["id"])
    with meanwhile(client.application, lambda: train(joined, joined.jobs.listing.page("local", QUEUED).items[0].id)):
        done = client.post("/api/v1/jobs", json=JOB | {"seed": 9}, headers={"Prefer": "wait=20"})

    assert waited.status_code == 202
    assert 0.9 < took < 3
    assert waited.headers["Preference-Applied"] == "wait=1"
    assert (done.status_code, done.get_json()["status"]) == (201, "succeeded")


def test_a_job_is_read_by_id_or_name_and_a_known_state_is_304(client: FlaskClient, joined: Base) -> None:
    job_id = trained(client, joined)
    by_id, by_name = client.get(f"/api/v1/jobs/{job_id}"), client.get("/api/v1/jobs/small?expand[]=spec_submitted")
    known = client.get(f"/api/v1/jobs/{job_id}", headers={"If-None-Match": by_id.headers["ETag"]})
    job = by_name.get_json()

    assert by_id.get_json()["id"] == job["id"] == job_id
    assert job["spec_submitted"]["model"] == "linear"
    assert job["progress"]["epoch"] == job["latest"]["epoch"] == 4
    assert job["progress"]["fraction"] == 1.0
    assert job["environment"]["data_sha256"]
    assert known.status_code == 304


def test_a_long_poll_wakes_at_the_news(client: FlaskClient, app: Any) -> None:
    job = submit(client)
    began: list[float] = []

    def cancel() -> None:
        began.append(time.monotonic())
        app.test_client().post(f"/api/v1/jobs/{job['id']}/cancel")

    with meanwhile(app, cancel):
        headers = {"If-None-Match": 'W/"1"', "Prefer": "wait=20"}
        answer = client.get(f"/api/v1/jobs/{job['id']}", headers=headers)

    assert (answer.status_code, answer.get_json()["status"]) == (200, "cancelled")
    assert 0 < time.monotonic() - began[0] < 5  # it waited until then, and no longer


def test_a_list_pages_by_its_own_addresses_and_counts(client: FlaskClient) -> None:
    ids = [submit(client, seed=n)["id"] for n in range(5)]
    found, address = [], "/api/v1/jobs?limit=2&status=queued"
    while address:
        page = client.get(address).get_json()
        found += [job["id"] for job in page["data"]]
        address = page["next"]

    assert found == ids[::-1]
    assert page["counts"]["queued"] == 5
    assert page["has_more"] is False


def test_metrics_come_as_columns_as_csv_and_as_ndjson(client: FlaskClient, joined: Base) -> None:
    address = f"/api/v1/jobs/{trained(client, joined, epochs=30)}/metrics"
    whole = client.get(address).get_json()
    part = client.get(f"{address}?after_epoch=28&fields=train_cost").get_json()
    thinned = client.get(f"{address}?max_points=5").get_json()
    table = list(csv.reader(io.StringIO(client.get(address, headers={"Accept": "text/csv"}).text)))
    lines = client.get(address, headers={"Accept": "application/x-ndjson"}).text.splitlines()

    assert whole["columns"] == ["epoch", "train_cost", "lr", "seconds", "rows_per_second", "checkpoint"]
    assert [row[0] for row in whole["data"]] == list(range(1, 31))
    assert (part["columns"], [row[0] for row in part["data"]]) == (["epoch", "train_cost"], [29, 30])
    assert part["next_after_epoch"] == 30
    assert thinned["downsampled"] is True
    assert {1, 30, whole["best"]["epoch"]} <= {row[0] for row in thinned["data"]}
    for most in (2, 3, 5, 29, 30):
        points = client.get(f"{address}?max_points={most}").get_json()
        assert len(points["data"]) <= most
        assert points["downsampled"] is (most < 30)
        assert points["data"][-1][0] == points["next_after_epoch"] == 30
    assert table[0] == whole["columns"]
    assert len(table) == len(lines) + 1 == 31
    assert client.get(address, headers={"Accept": "image/png"}).status_code == 406


def test_the_cost_of_every_batch_is_there_as_numbers_and_in_the_log(client: FlaskClient, joined: Base) -> None:
    job_id = trained(client, joined)
    batches = client.get(f"/api/v1/jobs/{job_id}/batches?epoch=2").get_json()["data"]
    log = client.get(f"/api/v1/jobs/{job_id}/logs").text.splitlines()
    tail = client.get(f"/api/v1/jobs/{job_id}/logs?tail=2&timestamps=true").text.splitlines()

    assert [row[0] for row in batches] == [1, 2, 3]
    assert f"Epoch 2/4 Batch 3/3 Cost: {batches[2][1]:.6f}" in log
    assert [line.split(" ", 1)[1] for line in tail] == log[-2:]
    assert client.get(f"/api/v1/jobs/{job_id}/batches?epoch=5").get_json()["code"] == "not_recorded"


def test_events_come_as_a_list_and_as_a_stream_that_ends(client: FlaskClient, joined: Base) -> None:
    address = f"/api/v1/jobs/{trained(client, joined)}/events"
    page = client.get(f"{address}?limit=4").get_json()
    rest = client.get(page["next"]).get_json()
    stream = client.get(address, headers={"Accept": "text/event-stream", "Last-Event-ID": "4"})
    messages = [dict(line.split(": ", 1) for line in m.splitlines()) for m in stream.text.strip().split("\n\n")]
    over = client.get(address, headers={"Accept": "text/event-stream", "Last-Event-ID": "7"})

    assert [event["type"] for event in page["data"] + rest["data"]] == ["queued", "started", *["epoch"] * 4, "end"]
    assert messages[0] == {"retry": "2000"}
    assert [(m["id"], m["event"]) for m in messages[1:]] == [("5", "epoch"), ("6", "epoch"), ("7", "end")]
    assert (over.status_code, over.data) == (204, b"")


def test_checkpoints_are_shown_and_downloaded_whole_or_in_part(client: FlaskClient, joined: Base) -> None:
    address = f"/api/v1/jobs/{trained(client, joined)}/checkpoints"
    best = client.get(f"{address}/best").get_json()
    content = client.get(f"{address}/best/content")
    part = client.get(f"{address}/{best['id']}/content", headers={"Range": "bytes=8-15"})
    digest = base64.b64encode(hashlib.sha256(content.data).digest()).decode()

    assert [c["is_best"] for c in client.get(address).get_json()["data"]] == [True, False]
    assert hashlib.sha256(content.data).hexdigest() == best["sha256"]
    assert content.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert (part.status_code, part.data) == (206, content.data[8:16])
    assert set(load(content.data)) == {"model.weight", "model.bias"}
    assert client.get(f"{address}/epoch:77").get_json()["code"] == "not_found"


def test_a_finished_job_is_not_cancelled_but_deleted(client: FlaskClient, joined: Base) -> None:
    job_id = trained(client, joined)
    waiting = submit(client, name="waiting")["id"]

    refused = client.post(f"/api/v1/jobs/{job_id}/cancel", json={"reason": "wrong"})
    kept = client.delete(f"/api/v1/jobs/{waiting}")
    forced = client.delete(f"/api/v1/jobs/{waiting}?force=true")

    assert (refused.status_code, refused.get_json()["job_status"]) == (409, "succeeded")
    assert (kept.status_code, kept.get_json()["code"]) == (409, "invalid_transition")
    assert forced.status_code == client.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    assert client.get(f"/api/v1/jobs/{job_id}").status_code == 404


def test_a_file_and_a_spec_in_one_request_make_a_job(client: FlaskClient) -> None:
    rows = "a,b,kind\n" + "".join(f"{n},{n % 5},{'xy'[n % 2]}\n" for n in range(40))
    form = {"data": (io.BytesIO(rows.encode()), "mine.csv"), "spec": '{"data": {"target": "kind"}, "model": "mlp"}'}

    answer = client.post("/api/v1/jobs", data=form)

    assert answer.status_code == 202, answer.text
    assert answer.get_json()["spec"]["task"] == "binary"
    assert answer.get_json()["name"] == "mine-mlp-1"


def test_without_redis_jobs_are_taken_in_and_the_service_says_it_is_degraded(settings: Any) -> None:
    app = create_app(replace(settings, redis_url="redis://127.0.0.1:1/0"))
    client = app.test_client()
    began = time.monotonic()

    taken = client.post("/api/v1/jobs", json=TUTORIAL)
    took = time.monotonic() - began
    ready = client.get("/readyz")
    app.extensions["batchyard"].load_predictions()
    app.extensions["batchyard"].close()

    assert taken.status_code == 202
    assert took < 1
    assert (ready.status_code, ready.get_json()["status"]) == (200, "degraded")
