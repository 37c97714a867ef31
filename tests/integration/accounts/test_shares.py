"""What another owner shares is read and predicted with, and never changed; all else is as if it were not there."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from api.lending import NAMED_BY, READABLE
from services.accounts.shares import Kind
from services.db.tables import Checkpoint, Job
from services.wiring.base import Base
from tests.integration.accounts import walk
from tests.integration.accounts.clients import ClientOf
from tests.integration.accounts.statements import Lent, watched
from tests.integration.accounts.walk import NOTHING, Things

ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # the same statements go to both
KINDS = {kind: argument for argument, kind in READABLE}


@pytest.fixture
def alice(app: Flask, joined: Base) -> Things:
    """The things of one owner."""
    return walk.things_of(app, joined, "alice", "alices_model")


@pytest.fixture
def bob(client_of: ClientOf, alice: Things) -> FlaskClient:
    """Who shows another's key."""
    return client_of("bob")


def thing(things: Things, kind: Kind) -> str:
    """Return how a thing is named."""
    return {Kind.JOB: things.job, Kind.DATASET: things.dataset, Kind.MODEL: things.model}[kind]


def share(client: FlaskClient, things: Things, kind: Kind, reader: str = "bob") -> dict[str, Any]:
    """Share a thing of the client's over HTTP."""
    answer = client.post("/api/v1/shares", json={str(kind): thing(things, kind), "reader": reader})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


@ON_SQLITE
@pytest.mark.parametrize("kind", list(Kind))
def test_a_shared_thing_is_read_and_nothing_else_can_be_done_with_it(
    app: Flask, joined: Base, alice: Things, bob: FlaskClient, client_of: ClientOf, kind: Kind
) -> None:
    made = share(client_of("alice"), alice, kind)
    before = _rows(joined)
    read = 0

    for rule, method in walk.rules(app):
        theirs, nowhere = walk.ask(bob, rule, method, alice), walk.ask(bob, rule, method, NOTHING)
        if NAMED_BY.get(rule.endpoint) == (KINDS[kind], kind):
            # What it answers may be that the job has no evaluation, but not that there is no such job.
            assert walk.told(theirs, alice) != walk.told(nowhere, NOTHING), (rule.rule, theirs.text[:300])
            read += 1
        else:
            assert walk.told(theirs, alice) == walk.told(nowhere, NOTHING), (rule.rule, method)
    assert read == len(READABLE[KINDS[kind], kind].split())
    assert _rows(joined) == before

    assert client_of("alice").delete(f"/api/v1/shares/{made['id']}").status_code == 204
    for rule, method in walk.rules(app):
        if rule.endpoint in NAMED_BY:
            assert walk.ask(bob, rule, method, alice).status_code == 404, rule.rule


def _rows(joined: Base) -> list[tuple[object, ...]]:
    columns = (Job.id, Job.owner, Job.state, Job.priority, Job.name, Job.events_seq, Job.cancel_requested_at)
    with joined.database.reading() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(Job.id))]


@ON_SQLITE
@pytest.mark.parametrize("kind", list(Kind))
def test_every_statement_for_a_shared_thing_names_its_owner_and_it(
    app: Flask, joined: Base, alice: Things, bob: FlaskClient, kind: Kind
) -> None:
    joined.accounts.shares.add("alice", kind, thing(alice, kind), "bob")
    rows = {thing(alice, kind)}
    if kind is not Kind.DATASET:
        with joined.database.reading() as session:
            rows |= {alice.job, joined.jobs.lookup.get("alice", alice.job).data.id}
            rows |= {*session.scalars(select(Checkpoint.id).where(Checkpoint.job_id == alice.job))}

    bob.get("/new?builtin=iris", headers={"Accept": "text/html"})  # the keys are known from here on
    with watched(joined.database, "bob", Lent("alice", rows)) as sent:
        for rule, method in walk.rules(app):
            walk.ask(bob, rule, method, alice)
            assert sent.strays() == [], (rule.rule, method)
        with joined.database.reading() as session:  # the watch finds what names only one of the two
            session.execute(select(Job.id).where(Job.owner == "alice"))
            session.execute(select(Job.id).where(Job.owner == "alice", Job.id == alice.waiting))
        assert len(sent.strays()) == 2


def test_what_is_shared_is_in_the_list_of_shares_alone(alice: Things, bob: FlaskClient, client_of: ClientOf) -> None:
    made = [share(client_of("alice"), alice, kind) for kind in Kind]
    again = client_of("alice").post("/api/v1/shares", json={"job": alice.job, "reader": "bob"})

    listed = bob.get("/api/v1/shares").get_json()["data"]

    assert (again.status_code, again.get_json()["id"]) == (200, made[list(Kind).index(Kind.JOB)]["id"])
    assert {row["id"] for row in listed} == {row["id"] for row in made}
    assert {(row["owner"], row["reader"]) for row in listed} == {("alice", "bob")}
    assert client_of("dora").get("/api/v1/shares").get_json()["data"] == []
    for path in ("/api/v1/jobs", "/api/v1/datasets", "/api/v1/models"):
        assert bob.get(path).get_json()["data"] == []
    assert bob.delete(f"/api/v1/shares/{made[0]['id']}").status_code == 404


def test_with_all_is_with_every_owner(alice: Things, client_of: ClientOf) -> None:
    share(client_of("alice"), alice, Kind.JOB, "*")

    for owner in ("bob", "dora"):
        assert client_of(owner).post(f"/api/v1/jobs/{alice.job}/predict", json=walk.ROWS).status_code == 200
    assert client_of("bob", "read").post(f"/api/v1/jobs/{alice.job}/predict", json=walk.ROWS).status_code == 403


def test_a_model_of_ones_own_goes_before_a_shared_one_of_its_name(
    app: Flask, joined: Base, alice: Things, bob: FlaskClient
) -> None:
    mine = walk.things_of(app, joined, "bob", "alices_model")
    joined.accounts.shares.add("alice", Kind.MODEL, "alices_model", "bob")

    answer = bob.post("/api/v1/models/alices_model/predict", json=walk.ROWS)

    assert answer.get_json()["job"] == mine.job


def test_the_limit_of_rows_is_the_readers(joined: Base, alice: Things, bob: FlaskClient) -> None:
    joined.accounts.shares.add("alice", Kind.JOB, alice.job, "bob")
    joined.accounts.quotas.change("bob", {"predict_rows": 2})
    joined.accounts.quotas.change("alice", {"predict_rows": 1})

    def status(rows: int) -> int:
        return bob.post(f"/api/v1/jobs/{alice.job}/predict", json={"x": [[1.0, 1.0]] * rows}).status_code

    assert [status(1), status(2), status(3)] == [200, 200, 413]


def test_a_job_may_train_on_a_shared_data_set_and_keeps_it(
    joined: Base, alice: Things, bob: FlaskClient, client_of: ClientOf
) -> None:
    made = share(client_of("alice"), alice, Kind.DATASET)
    spec = {"data": {"dataset": alice.dataset, "target": "y"}, "model": "linear", "epochs": 1}

    job = bob.post("/api/v1/jobs", json=spec).get_json()
    client_of("alice").delete(f"/api/v1/shares/{made['id']}")
    own = bob.get("/api/v1/datasets").get_json()["data"]

    assert [row["id"] for row in own] == [job["spec"]["data"]["dataset"]] != [alice.dataset]
    assert client_of("alice").get(f"/api/v1/datasets/{alice.dataset}").status_code == 200
    assert bob.post("/api/v1/jobs", json=spec).status_code == 422


def test_the_events_of_a_shared_job_are_followed(alice: Things, bob: FlaskClient, client_of: ClientOf) -> None:
    share(client_of("alice"), alice, Kind.JOB)

    answer = bob.get(f"/api/v1/jobs/{alice.job}/events", headers={"Accept": "text/event-stream"}, buffered=True)

    assert "event: end" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reader": "bob"}, 422),
        ({"job": "job_1", "model": "m", "reader": "bob"}, 422),
        ({"job": "job_1", "reader": "alice"}, 422),
        ({"job": "job_1", "reader": "b*b"}, 422),
        ({"job": "job_1"}, 422),
        ({"job": "job_" + "0" * 20, "reader": "bob"}, 404),
    ],
    ids=["nothing", "two things", "oneself", "no name", "nobody", "an unknown job"],
)
def test_a_share_of_no_sense_is_refused(client_of: ClientOf, body: dict[str, Any], status: int) -> None:
    assert client_of("alice").post("/api/v1/shares", json=body).status_code == status


def test_what_was_deleted_is_shared_no_more_and_names_nothing(
    alice: Things, bob: FlaskClient, client_of: ClientOf
) -> None:
    share(client_of("alice"), alice, Kind.JOB)
    share(client_of("alice"), alice, Kind.DATASET)
    owner = client_of("alice")
    owner.post(f"/api/v1/predictions/{alice.prediction}/cancel")
    owner.delete("/api/v1/models/alices_model/aliases/champion")
    owner.delete("/api/v1/models/alices_model/versions/1")
    assert owner.delete(f"/api/v1/jobs/{alice.job}").status_code == 204

    gone = bob.get(f"/api/v1/jobs/{alice.job}")

    assert gone.status_code == 404
    assert "alice" not in gone.text
    assert [row["kind"] for row in bob.get("/api/v1/shares").get_json()["data"]] == ["dataset"]
