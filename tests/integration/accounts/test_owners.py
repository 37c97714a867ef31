"""Two owners: what is another's answers exactly as what does not exist, wherever it is asked for."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from services.db.tables import Job
from services.wiring.base import Base
from tests.integration.accounts import walk
from tests.integration.accounts.clients import ClientOf
from tests.integration.accounts.statements import watched
from tests.integration.accounts.walk import NOTHING, Things

HTML = {"Accept": "text/html"}


@pytest.fixture
def alice(app: Flask, joined: Base) -> Things:
    """The things of one owner."""
    return walk.things_of(app, joined, "alice", "alices_model")


@pytest.fixture
def bob(app: Flask, joined: Base, alice: Things) -> Things:
    """Those of another."""
    return walk.things_of(app, joined, "bob", "bobs_model")


@pytest.fixture
def client(client_of: ClientOf, bob: Things) -> FlaskClient:
    """Who shows bob's key."""
    return client_of("bob")


def _lists(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if not rule.arguments and "GET" in (rule.methods or set()) and rule.endpoint != "pages.log_in":
            yield rule.rule


def test_anothers_things_answer_as_what_does_not_exist(app: Flask, alice: Things, client: FlaskClient) -> None:
    walked = 0
    for rule, method in walk.rules(app):
        theirs = walk.ask(client, rule, method, alice)
        nowhere = walk.ask(client, rule, method, NOTHING)

        assert walk.told(theirs, alice) == walk.told(nowhere, NOTHING), (rule.rule, method)
        expected = {"pages.predict_tab": 303}.get(rule.endpoint, 404)  # it only says where the form is
        assert theirs.status_code == expected, (rule.rule, method, theirs.text[:300])
        walked += 1
    assert walked > 45


def test_nothing_of_anothers_is_changed_by_asking(
    app: Flask, joined: Base, alice: Things, client: FlaskClient, client_of: ClientOf
) -> None:
    before = _rows(joined, "alice")
    for rule, method in walk.rules(app):
        walk.ask(client, rule, method, alice)
        walk.ask(client, rule, method, alice, waiting=True)
    client.post("/api/v1/jobs/cancel", json={"all": True})
    client.post("/api/v1/jobs/cancel", json={"jobs": [alice.waiting]})

    assert _rows(joined, "alice") == before
    owner = client_of("alice")
    assert owner.get(f"/api/v1/datasets/{alice.dataset}").status_code == 200
    assert owner.get(f"/api/v1/webhooks/{alice.webhook}").json["deliveries"] == []
    assert owner.get("/api/v1/models/alices_model/aliases/champion").json["version"] == 1


def _rows(joined: Base, owner: str) -> list[tuple[object, ...]]:
    columns = (Job.id, Job.state, Job.priority, Job.name, Job.events_seq, Job.cancel_wished_at)
    with joined.database.reading() as session:
        return [tuple(row) for row in session.execute(select(*columns).where(Job.owner == owner).order_by(Job.id))]


def test_no_list_page_count_or_suggestion_names_what_is_anothers(
    app: Flask, alice: Things, client: FlaskClient
) -> None:
    names = walk.own_names(alice) | {"alices_model"}
    paths = [*_lists(app), "/api/v1/jobs?name=alice*", "/api/v1/jobs/alice-traine", "/api/v1/datasets/alice.cs"]
    paths += ["/api/v1/models/alices_mode", f"/api/v1/jobs/{alice.job[:12]}", f"/compare?jobs={alice.job}"]
    for path in paths:
        if path == "/live":
            path += f"?topics=jobs,{alice.job}"
        for headers in ({}, HTML):
            answer = client.get(path, headers=headers, buffered=True)
            shown = answer.get_data(as_text=True)
            said = path if path in shown else ""
            leaked = {name for name in names if name in shown and name not in said and name not in path}
            assert leaked == set(), (path, headers)
    assert client.get("/api/v1/jobs").json["counts"] == {
        **dict.fromkeys(client.get("/api/v1/jobs").json["counts"], 0),
        "queued": 1,
        "succeeded": 1,
    }


def test_the_stream_of_the_pages_says_of_anothers_job_that_it_is_gone(alice: Things, client: FlaskClient) -> None:
    answer = client.get(f"/live?topics={alice.job}")

    assert f'{{"{alice.job}":"gone"}}' in answer.get_data(as_text=True)


def test_names_and_idempotency_keys_are_each_owners(
    joined: Base, alice: Things, client: FlaskClient, client_of: ClientOf
) -> None:
    other = client_of("alice")
    body = {**walk.SUBMIT, "name": "same"}

    first = other.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "k"}).json
    second = client.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "k"}).json
    again = client.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "k"}).json
    unlike = client.post("/api/v1/jobs", json=body | {"epochs": 2}, headers={"Idempotency-Key": "k"})

    assert first["id"] != second["id"] == again["id"]
    assert (unlike.status_code, first["id"] in unlike.text) == (422, False)
    assert other.get("/api/v1/jobs/same").json["id"] == first["id"]
    assert client.get("/api/v1/jobs/same").json["id"] == second["id"]


@pytest.mark.parametrize("part", ["data", "init_from"])
def test_a_spec_can_name_only_what_is_its_owners(alice: Things, client: FlaskClient, part: str) -> None:
    def refused(things: Things) -> tuple[int, bytes]:
        named = {"data": {"dataset": things.dataset, "target": "y"}, "init_from": {"job": things.job}}[part]
        answer = client.post("/api/v1/jobs", json=walk.SUBMIT | {part: named})
        return walk.told(answer, things)

    assert refused(alice) == refused(NOTHING)
    assert refused(alice)[0] == 422


def test_a_cursor_of_anothers_list_shows_only_what_is_ones_own(
    alice: Things, bob: Things, client: FlaskClient, client_of: ClientOf
) -> None:
    found = client_of("alice").get("/api/v1/jobs?limit=1&sort=created_at").json["next"]

    listed = {job["id"] for job in client.get(found).json["data"]}

    assert listed <= {bob.job, bob.waiting}


def test_every_statement_on_behalf_of_a_caller_says_whose(
    app: Flask, joined: Base, alice: Things, bob: Things, client: FlaskClient
) -> None:
    client.get("/new?builtin=iris", headers=HTML)
    with watched(joined.database, "bob") as sent:
        for path in _lists(app):
            client.get(path, headers=HTML)
            client.get(path)
        client.get("/live?topics=" + ",".join([bob.job, "jobs"]), buffered=True)
        client.post("/api/v1/jobs", json=walk.SUBMIT, headers={"Idempotency-Key": "a"})
        client.post("/api/v1/jobs", json=walk.SUBMIT | {"init_from": {"job": bob.job}})
        assert sent.strays() == []
        for things in (bob, alice):
            for rule, method in walk.rules(app):
                walk.ask(client, rule, method, things, waiting=True)
                walk.ask(client, rule, method, things)
                assert sent.strays() == [], (rule.rule, method, things.owner)

    assert sent.seen > 500


def test_the_watch_finds_a_statement_without_an_owner_and_one_of_anothers_row(
    joined: Base, alice: Things, bob: Things
) -> None:
    with watched(joined.database, "bob") as sent, joined.database.reading() as session:
        session.execute(select(Job.id).where(Job.name == "alice-trained"))
        assert len(sent.strays()) == 1
        session.execute(select(Job.id).where(Job.id == alice.job))
        assert len(sent.strays()) == 1
        session.execute(select(Job.id).where(Job.id.in_([bob.job, alice.job])))
        assert len(sent.strays()) == 1
        session.execute(select(Job.id).where(Job.id == bob.job))
        session.execute(select(Job.id).where(Job.owner == "bob", Job.name == "x"))
        assert sent.strays() == []
