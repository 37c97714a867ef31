"""Below the reserve nothing new is taken in, what is queued and what runs wait, and both go on by themselves."""

from collections.abc import Callable
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.attempts.recorder import Recorder
from services.db.engine import Database
from services.disk import Disk
from services.wiring.base import Base
from tests.integration.services.test_recorder import Contents, begin, feed
from tests.make import SMALL, make_job, train

CSV = b"a,b,target\n" + b"".join(b"%d,%d,%d\n" % (n, n * n % 7, n) for n in range(30))


@pytest.fixture
def fill(joined: Base) -> Callable[[bool], None]:
    """Fill the disk, or make room."""

    def change(full: bool) -> None:
        joined.disk.free = lambda _: joined.disk.reserve_bytes - full

    return change


def test_submits_and_uploads_are_507_and_reads_are_not(
    client: FlaskClient, joined: Base, fill: Callable[[bool], None]
) -> None:
    job = train(joined, make_job(joined, seed=9).id)
    fill(True)

    submitted = client.post("/api/v1/jobs", json=SMALL)
    uploaded = client.post("/api/v1/datasets?name=t.csv", data=CSV, content_type="text/csv")
    retried = client.post(f"/api/v1/jobs/{job.id}/retry")
    predicted = client.post(f"/api/v1/jobs/{job.id}/predict", json={"x": [[1.0, 2.0]]})

    for refused in (submitted, uploaded, retried):
        assert (refused.status_code, refused.get_json()["code"]) == (507, "storage_full")
        assert "200 MB" in refused.get_json()["detail"]
        assert refused.headers["Retry-After"] == "60"
    assert predicted.status_code == 200
    fill(False)
    assert client.post("/api/v1/jobs", json=SMALL).status_code == 202
    assert client.post("/api/v1/datasets?name=t.csv", data=CSV, content_type="text/csv").status_code == 201


def test_it_is_said_in_readyz_and_in_the_reason_of_what_is_queued(
    client: FlaskClient, joined: Base, fill: Callable[[bool], None]
) -> None:
    job = make_job(joined)
    fill(True)

    ready = client.get("/readyz")
    place = client.get(f"/api/v1/jobs/{job.id}").get_json()["queue"]
    expected = client.get("/api/v1/queue").get_json()["jobs"][0]

    assert ready.status_code == 503
    assert ready.get_json()["checks"]["storage"] | {"error": ""} == {
        "ok": False,
        "code": "storage_full",
        "error": "",
        "free_bytes": 199_999_999,
    }
    assert place["reason"]["code"] == expected["reason"]["code"] == "storage_full"
    fill(False)
    assert client.get("/readyz").get_json()["checks"]["storage"]["ok"] is True


def test_nothing_is_claimed_and_nobody_is_rung_until_there_is_room(
    app: Flask, joined: Base, fill: Callable[[bool], None]
) -> None:
    job = make_job(joined)
    fill(True)

    assert joined.queue.claims.claim("cpu", "w") is None
    assert joined.eligible("cpu") == 0
    fill(False)
    assert joined.eligible("cpu") == 1
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    assert claim.job_id == job.id


def test_a_running_job_waits_and_goes_on_by_itself(joined: Base) -> None:
    work, contents, waits = begin(joined), Contents(), 0
    free = 10**12
    disk = Disk(joined.settings, free=lambda _: free)
    with closing(Database(joined.settings, pool_size=1)) as database:

        def sleep(_: float) -> None:
            nonlocal waits, free
            waits += 1
            assert joined.jobs.lookup.get("local", work.job_id).training.epochs_done == 1
            free = 0 if waits < 3 else 10**12

        recorder = Recorder(database, joined.settings, work, contents, clock=lambda: 0.0, sleep=sleep, disk=disk)
        feed(recorder, contents, range(1, 2))
        free = 0
        feed(recorder, contents, range(2, 4))
        recorder.interrupted()

    assert waits == 3
    assert joined.jobs.lookup.get("local", work.job_id).training.epochs_done == 3


def test_the_room_of_a_real_disk_is_read(joined: Base) -> None:
    assert Disk(joined.settings).free(joined.settings.storage) > 0
    assert Disk(joined.settings).is_full is False
