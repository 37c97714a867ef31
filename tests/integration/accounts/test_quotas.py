"""What an owner may have at most: refused with what is allowed, and no other owner notices."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from services.account_errors import QuotaExceeded
from services.accounts.quotas import Quotas
from services.db.tables import Job
from services.errors import SettingInvalid
from services.queue.workers import Sign
from services.settings import Settings
from services.wiring.base import Base
from tests.integration.accounts.clients import ClientOf
from tests.make import SMALL, make_job, train

CSV = b"a,b,y\n" + b"\n".join(b"%d,%d,%d" % (n, n % 3, 2 * n) for n in range(12)) + b"\n"


@pytest.fixture
def root(client_of: ClientOf) -> FlaskClient:
    """Whoever may administer."""
    return client_of("root", "admin")


def limit(root: FlaskClient, owner: str, **most: int | None) -> dict[str, Any]:
    """Set an owner's limits."""
    answer = root.patch(f"/api/v1/owners/{owner}", json=most)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def test_jobs_that_wait_are_limited_for_their_owner_alone(root: FlaskClient, client_of: ClientOf) -> None:
    limit(root, "alice", queued_jobs=2)
    alice, bob = client_of("alice"), client_of("bob")

    answers = [alice.post("/api/v1/jobs", json=SMALL) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    refused = answers[2]
    assert refused.json["code"] == "quota_exceeded"
    assert refused.json["quota"] == {"name": "queued-jobs", "limit": 2, "used": 2, "window_seconds": None}
    assert refused.headers["RateLimit-Policy"] == '"queued-jobs";q=2'
    assert refused.headers["RateLimit"] == '"queued-jobs";r=0'
    assert bob.post("/api/v1/jobs", json=SMALL).status_code == 202
    alice.post("/api/v1/jobs/cancel", json={"all": True})
    assert alice.post("/api/v1/jobs", json=SMALL).status_code == 202


def test_submits_are_limited_by_the_minute_and_told_when_there_is_room(
    root: FlaskClient, client_of: ClientOf, joined: Base
) -> None:
    limit(root, "alice", submits_per_minute=1)
    alice = client_of("alice")
    first = alice.post("/api/v1/jobs", json=SMALL, headers={"Idempotency-Key": "a"})
    refused = alice.post("/api/v1/jobs", json=SMALL, headers={"Idempotency-Key": "b"})

    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"] == '"submits";q=1;w=60'
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"] == f'"submits";r=0;t={refused.headers["Retry-After"]}'
    again = alice.post("/api/v1/jobs", json=SMALL, headers={"Idempotency-Key": "a"})
    assert again.json["id"] == first.json["id"]
    assert alice.post(f"/api/v1/jobs/{first.json['id']}/retry").status_code == 429
    limit(root, "alice", submits_per_minute=None)
    assert alice.post("/api/v1/jobs", json=SMALL, headers={"Idempotency-Key": "b"}).status_code == 202


def test_of_many_submits_at_once_no_more_come_in_than_may(joined: Base) -> None:
    joined.quotas.change("alice", {"queued_jobs": 3})

    def submit(n: int) -> bool:
        try:
            make_job(joined, owner="alice", seed=n)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(submit, range(8))) == 3


def test_bytes_are_limited_at_upload_and_at_submit(root: FlaskClient, client_of: ClientOf) -> None:
    limit(root, "alice", stored_bytes=len(CSV) + 10)
    alice = client_of("alice")

    def upload(content: bytes) -> Any:
        return alice.post("/api/v1/datasets?name=d.csv", data=content, content_type="text/csv")

    assert upload(CSV).status_code == 201
    refused = upload(CSV.replace(b"a,b", b"c,d"))
    assert (refused.status_code, refused.json["allowed_bytes"]) == (413, 10)
    limit(root, "alice", stored_bytes=len(CSV))
    full = upload(CSV.replace(b"a,b", b"c,d"))
    assert (full.status_code, full.headers["RateLimit"]) == (413, '"stored-bytes";r=0')
    assert alice.post("/api/v1/jobs", json=SMALL).status_code == 413


def test_run_time_of_a_day_is_limited(root: FlaskClient, client_of: ClientOf, joined: Base) -> None:
    alice = client_of("alice")
    job = alice.post("/api/v1/jobs", json=SMALL).json["id"]
    with joined.database.transaction() as session:
        session.execute(update(Job).where(Job.id == job).values(trained_s=90.0))
    assert limit(root, "alice", run_seconds_per_day=60)["used"]["run_seconds_per_day"] == 90

    refused = alice.post("/api/v1/jobs", json=SMALL)

    assert (refused.status_code, refused.headers["RateLimit-Policy"]) == (429, '"run-seconds";q=60;w=86400')


def test_rows_of_a_prediction_are_limited_on_every_way(root: FlaskClient, client_of: ClientOf, joined: Base) -> None:
    limit(root, "alice", predict_rows=2)
    job = make_job(joined, owner="alice")
    train(joined, job.id, "alice")
    alice = client_of("alice")
    three = [[1.0, 1.0]] * 3
    tensor = {"name": "x", "shape": [3, 2], "datatype": "FP32", "data": [1.0] * 6}
    names = {"x0": [1, 2, 3], "x1": [1, 2, 3]}

    answers = [
        alice.post(f"/api/v1/jobs/{job.id}/predict", json={"x": three}),
        alice.post(f"/api/v1/jobs/{job.id}/predict", json={"columns": names}),
        alice.post(f"/api/v1/jobs/{job.id}/predict", data="x0,x1\n1,1\n2,2\n3,3\n", content_type="text/csv"),
        alice.post(f"/v2/models/{job.id}/infer", json={"inputs": [tensor]}),
    ]

    assert [answer.status_code for answer in answers] == [413] * 4
    assert alice.post(f"/api/v1/jobs/{job.id}/predict", json={"x": three[:2]}).status_code == 200


def test_jobs_that_run_are_limited_and_the_next_owner_goes_first(
    root: FlaskClient, client_of: ClientOf, joined: Base
) -> None:
    limit(root, "alice", running_jobs=1)
    joined.workers.seen(Sign("w", "cpu", 4, {}))
    jobs = [make_job(joined, owner=owner, seed=n) for n, owner in enumerate(["alice", "alice", "bob"])]

    claims = [joined.claims.claim("cpu", "w") for _ in range(3)]
    shown = client_of("alice").get(f"/api/v1/jobs/{jobs[1].id}").json["queue"]["reason"]
    listed = client_of("alice").get("/api/v1/queue").json

    assert [claim and claim.job_id for claim in claims] == [jobs[0].id, jobs[2].id, None]
    assert joined.eligible("cpu") == 0  # no worker is called in vain
    assert not joined.workers.waited("cpu", -60)  # or takes itself for stuck
    assert shown["code"] == "owner_limit"
    assert "1 of your jobs is running" in shown["message"]
    assert "owner_limit" in str(listed)
    assert root.get("/api/v1/owners/alice").json["used"]["running_jobs"] == 1

    client_of("alice").post(f"/api/v1/jobs/{jobs[0].id}/cancel")
    joined.lifecycle.stopped(claims[0])
    assert joined.eligible("cpu") == 1
    assert joined.workers.waited("cpu", -60)
    limit(root, "alice", running_jobs=0)
    assert joined.claims.claim("cpu", "w") is None
    limit(root, "alice", running_jobs=None)
    assert getattr(joined.claims.claim("cpu", "w"), "job_id", None) == jobs[1].id


def test_settings_hold_for_whom_nothing_else_is_set(settings: Settings, joined: Base) -> None:
    quotas = Quotas(joined.database, replace(settings, owner_queued_jobs=5, owner_predict_rows=7))
    quotas.change("alice", {"queued_jobs": 1})

    assert quotas.view("alice").limits.queued_jobs == 1
    assert quotas.view("bob").limits.queued_jobs == 5
    assert quotas.predict_rows("bob") == 7


@pytest.mark.parametrize("body", [{"queued_jobs": -1}, {"queued_jobs": 1.5}, {"jobs": 1}, {"stored_bytes": 2**63}])
def test_limits_that_make_no_sense_are_refused(root: FlaskClient, body: dict[str, Any]) -> None:
    assert root.patch("/api/v1/owners/alice", json=body).status_code == 422
    assert root.get("/api/v1/owners/alice").json["own"]["queued_jobs"] is None


def test_only_an_admin_sees_and_sets_limits(client_of: ClientOf) -> None:
    assert client_of("alice").get("/api/v1/owners/alice").status_code == 403
    assert client_of("alice").patch("/api/v1/owners/alice", json={"queued_jobs": 9}).status_code == 403


def test_a_setting_of_zero_stops_the_start() -> None:
    with pytest.raises(SettingInvalid, match="OWNER_QUEUED_JOBS"):
        Settings.from_env({"BATCHYARD_OWNER_QUEUED_JOBS": "0"})
