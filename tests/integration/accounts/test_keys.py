"""A key opens what it allows, from the moment it is made until it is revoked; nothing else opens anything."""

import statistics
import time
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from services.accounts.adoption import adopt
from services.accounts.key_ring import KeyRing
from services.accounts.keys import KeyService
from services.accounts.scopes import ALL, Scope
from services.db.account_tables import ApiKey
from services.db.engine import Database
from services.db.tables import Base as Tables
from services.jobs.submission import RequestKey, Submission
from services.settings import Settings
from services.specs.schema.job import JobSpec
from services.wiring.api import Api
from services.wiring.base import Base
from tests.integration.accounts.clients import ClientOf, with_token
from tests.make import SMALL, make_job, train


def test_without_a_key_nothing_answers_but_health(app: Flask) -> None:
    client = app.test_client()

    assert client.get("/healthz").status_code == 200
    assert set(client.get("/readyz").json) == {"status", "workers_online"}
    for path in ("/api/v1", "/api/v1/jobs", "/api/v1/nowhere", "/nowhere", "/metrics", "/api/v1/openapi.json"):
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json["code"] == "unauthorized"
    told = client.get("/v2/health/ready")
    assert (told.status_code, set(told.json) >= {"error"}) == (401, True)
    assert client.options("/api/v1/jobs").status_code == 401


def test_every_wrong_key_gets_the_same_answer_as_none(app: Flask, joined: Base) -> None:
    view, token = joined.accounts.keys.create("alice")
    revoked_view, revoked = joined.accounts.keys.create("alice")
    joined.accounts.keys.revoke(revoked_view.id)
    expired_view, expired = joined.accounts.keys.create("alice", lifetime=timedelta(minutes=1))
    with joined.database.transaction() as session:
        session.execute(update(ApiKey).where(ApiKey.id == expired_view.id).values(expires_at=expired_view.created_at))
    wrong = [
        "",
        "by_",
        token[:-1],
        token + "0",
        token.upper(),
        view.id,
        revoked,
        expired,
        "by_" + "0" * 52,
        "x" * 9_000,
    ]
    client = app.test_client()

    headers = [{"Authorization": f"Bearer {one}"} for one in wrong] + [{"Authorization": f"Basic {token}"}, {}]
    answers = [client.get("/api/v1/jobs", headers=one) for one in headers]

    assert {answer.status_code for answer in answers} == {401}
    assert len({str(dict(answer.get_json(), request_id="")) for answer in answers}) == 1
    assert client.get("/api/v1/jobs", headers={"Authorization": f"bearer  {token}"}).status_code == 200


@pytest.mark.parametrize("name", ["key", "api_key", "token", "access_token", "authorization"])
def test_a_key_in_the_address_never_counts(app: Flask, joined: Base, name: str) -> None:
    _, token = joined.accounts.keys.create("alice")

    assert app.test_client().get(f"/api/v1/jobs?{name}={token}").status_code == 401


def test_a_key_is_stored_as_a_digest_alone(joined: Base) -> None:
    view, token = joined.accounts.keys.create("alice", name="laptop")

    with joined.database.reading() as session:
        row = str(session.execute(text("SELECT * FROM api_keys")).one())
    assert token not in row
    assert token[3:] not in row
    assert (view.id[:4], token[:3], len(token)) == ("key_", "by_", 55)


def test_a_revoked_key_opens_nothing_more_in_any_process(app: Flask, joined: Base, settings: Settings) -> None:
    view, token = joined.accounts.keys.create("alice")
    client = with_token(app, token)
    assert client.get("/api/v1/jobs").status_code == 200
    elsewhere = Database(settings)

    KeyService(elsewhere).revoke(view.id)  # another process: only the counter in the database tells
    began = time.monotonic()
    while client.get("/api/v1/jobs").status_code == 200:
        assert time.monotonic() - began < 3
        time.sleep(0.02)
    elsewhere.close()

    assert client.get("/api/v1/jobs").status_code == 401


def test_the_use_of_a_key_is_noted_and_at_most_once_a_minute(app: Flask, joined: Base) -> None:
    view, token = joined.accounts.keys.create("alice")
    client = with_token(app, token)

    client.get("/api/v1/jobs")
    until = time.monotonic() + 30
    while joined.accounts.keys.get(view.id).last_used_at is None and time.monotonic() < until:
        time.sleep(0.05)
    first = joined.accounts.keys.get(view.id).last_used_at
    client.get("/api/v1/jobs")
    time.sleep(0.6)

    assert first is not None
    assert joined.accounts.keys.get(view.id).last_used_at == first


def test_a_known_key_is_checked_in_less_than_20_microseconds(joined: Base) -> None:
    tokens = [joined.accounts.keys.create(f"owner{n}")[1] for n in range(50)]
    ring = KeyRing(joined.database, 1.0)
    ring.poll()

    taken = []
    for _ in range(20):
        began = time.perf_counter()
        for token in tokens:
            assert ring.check(token)
        taken.append((time.perf_counter() - began) / len(tokens))

    assert statistics.median(taken) < 20e-6


def test_only_wrong_keys_are_limited(app: Flask, joined: Base) -> None:
    _, token = joined.accounts.keys.create("alice")
    stranger = with_token(app, "by_" + "1" * 52)

    statuses = [stranger.get("/api/v1/jobs").status_code for _ in range(30)]
    late = stranger.get("/api/v1/jobs")

    assert statuses == [401] * 20 + [429] * 10
    assert int(late.headers["Retry-After"]) > 0
    assert with_token(app, token).get("/api/v1/jobs").status_code == 200
    assert app.test_client().get("/api/v1/jobs").status_code == 401
    assert stranger.get("/api/v1/jobs", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [("read", "GET", "/api/v1/jobs"), ("submit", "POST", "/api/v1/jobs"), ("predict", "POST", "/v2/models/m/infer")],
)
def test_a_key_allows_what_its_scope_says_and_no_more(client_of: ClientOf, scope: str, method: str, path: str) -> None:
    others = [str(one) for one in ALL if one != scope]

    refused = client_of("alice", *others).open(path, method=method, json=SMALL)
    allowed = client_of("alice", scope).open(path, method=method, json=SMALL)

    assert refused.status_code == 403
    assert f'scope="{scope}"' in refused.headers["WWW-Authenticate"]
    assert allowed.status_code != 403


def test_only_an_admin_reads_the_parts_of_readyz(client_of: ClientOf) -> None:
    assert "checks" not in client_of("alice").get("/readyz").json
    assert set(client_of("root", Scope.ADMIN).get("/readyz").json["checks"]) >= {"database", "storage"}


def test_nobody_is_let_in_by_what_is_remembered_when_the_database_is_away_for_long(
    joined: Base, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = joined.accounts.keys.create("alice")
    ring = KeyRing(joined.database, 1.0)
    found = ring.check(token)
    assert found is not None

    ring.looked_at -= 61

    assert ring.warm(token) is None
    assert not ring.is_open(found)
    assert ring.check(token) is not None  # it answers: the key is looked at again


def test_what_was_made_before_there_were_keys_goes_to_the_owner_of_the_first(
    app: Flask, joined: Base, client_of: ClientOf
) -> None:
    job = make_job(joined, tags=["old"])
    train(joined, job.id)
    api = app.extensions["batchyard"]
    api.models.register("local", "m", job.id)

    alice, bob = client_of("alice"), client_of("bob")
    found = alice.get(f"/api/v1/jobs/{job.id}")

    assert found.status_code == 200
    assert alice.get("/api/v1/models/m").json["versions"][0]["job"] == job.id
    assert alice.post("/api/v1/models/m/predict", json={"x": [[1.0, 1.0]]}).status_code == 200
    assert bob.get(f"/api/v1/jobs/{job.id}").status_code == 404
    with joined.database.reading() as session:
        left = [
            table.name
            for table in Tables.metadata.sorted_tables
            if "owner" in table.c and session.scalar(select(func.count()).where(table.c.owner == "local"))
        ]
    assert left == []


def test_a_key_is_used_at_once_by_a_client(client_of: ClientOf) -> None:
    clients: list[FlaskClient] = [client_of("alice") for _ in range(5)]

    assert {client.get("/api/v1").json["caller"]["owner"] for client in clients} == {"alice"}


def test_what_was_made_while_keys_were_off_again_joins_what_is_called_the_same(settings: Settings) -> None:
    with closing(Api(settings)) as api:
        joined = api.base
        joined.accounts.keys.create("alice")
        for n, (owner, model) in enumerate([("alice", "m"), ("alice", "m-local"), ("local", "m")]):
            spec = JobSpec.model_validate(SMALL | {"seed": n})
            job = joined.jobs.service.submit(Submission(spec, owner, {}, RequestKey(model, ""))).job
            train(joined, job.id, owner)
            api.models.register(owner, model, job.id)
        joined.accounts.quotas.change("alice", {"queued_jobs": 5})

        said = adopt(joined.database)

        assert said is not None
        assert "1 job and 1 data set" in said
        found = api.models.listing("alice", limit=9, after=None)[0]
        assert [view.name for view in found] == ["m", "m-local", "m-local2"]
        assert found[2].versions[0].job_id == job.id
        assert joined.accounts.quotas.view("alice").own.queued_jobs == 5
        assert adopt(joined.database) is None


def test_where_no_keys_are_asked_for_a_key_that_is_made_or_revoked_takes_nothing_away(settings: Settings) -> None:
    with closing(Api(settings)) as api:
        job = api.base.jobs.service.submit(Submission(JobSpec.model_validate(SMALL), "local", {})).job
        view, _ = api.base.accounts.keys.create("alice")
        api.keys.poll()
        api.base.accounts.keys.revoke(view.id)
        api.keys.poll()

        assert api.base.jobs.lookup.get("local", job.id).id == job.id
