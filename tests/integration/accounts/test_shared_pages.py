"""What another owner shares, on the pages: found, read, marked, predicted with, and nothing about it changed."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.accounts.shares import Kind
from services.wiring.base import Base
from tests.integration.accounts import walk
from tests.integration.accounts.clients import ClientOf
from tests.integration.accounts.walk import Things

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)

HTML = {"Accept": "text/html"}


@pytest.fixture
def alice(app: Flask, joined: Base) -> Things:
    """The things of one owner."""
    return walk.things_of(app, joined, "alice", "prices")


def send(client: FlaskClient, path: str, **form: str) -> tuple[int, str]:
    """Send a form of a page; return the status and where it leads."""
    sent = client.post(path, data={"form_token": walk.token(client)} | form)
    return sent.status_code, sent.headers.get("Location", "")


def test_things_are_shared_and_taken_back_on_their_pages(client_of: ClientOf, alice: Things) -> None:
    owner, bob = client_of("alice"), client_of("bob")
    things = {"job": alice.job, "dataset": alice.dataset, "model": "prices"}
    pages = {"job": f"/jobs/{alice.job}?tab=spec", "dataset": f"/datasets/{alice.dataset}", "model": "/models/prices"}

    sent = {kind: send(owner, "/shares", kind=kind, thing=thing, reader="bob") for kind, thing in things.items()}

    assert sent == {kind: (303, page) for kind, page in pages.items()}
    for kind, page in pages.items():
        shown = owner.get(page, headers=HTML).text
        assert "Stop sharing with bob" in shown, kind
        assert "alice shares this" not in shown
        assert "alice shares this" in bob.get(page, headers=HTML).text, kind
    share = next(one for one in owner.get("/api/v1/shares").json["data"] if one["kind"] == "job")
    assert send(bob, f"/shares/{share['id']}/remove")[0] == 404
    assert send(owner, f"/shares/{share['id']}/remove")[0] == 303
    assert bob.get(pages["job"], headers=HTML).status_code == 404
    assert send(owner, "/shares", kind="key", thing="x", reader="bob")[0] == 422
    assert send(owner, "/shares", kind="job", thing=alice.job, reader="alice")[0] == 422


def test_what_is_shared_stands_in_the_lists_with_who_shares_it(
    client_of: ClientOf, joined: Base, alice: Things
) -> None:
    joined.accounts.shares.add("alice", Kind.JOB, alice.job, "bob")
    joined.accounts.shares.add("alice", Kind.DATASET, alice.dataset, "*")
    joined.accounts.shares.add("alice", Kind.DATASET, alice.dataset, "bob")
    joined.accounts.shares.add("alice", Kind.MODEL, "prices", "bob")
    places = {"/": f"/jobs/{alice.job}", "/datasets": f"/datasets/{alice.dataset}", "/models": "/models/prices"}

    for path, link in places.items():
        of_bob, own = (client_of(owner).get(path, headers=HTML).text for owner in ("bob", "alice"))
        assert of_bob.partition("Shared with you")[2].count(f'href="{link}"') == 1, path
        assert "<td>alice</td>" in of_bob
        assert "Shared with you" not in own


def test_a_shared_job_is_read_and_predicted_with_but_shows_no_row_and_nothing_that_changes_it(
    client_of: ClientOf, joined: Base, alice: Things
) -> None:
    joined.accounts.shares.add("alice", Kind.JOB, alice.job, "bob")
    bob = client_of("bob")
    tabs = ("curves", "evaluation", "predict", "checkpoints", "spec", "events", "logs", "system")

    shown = {tab: bob.get(f"/jobs/{alice.job}?tab={tab}", headers=HTML).text for tab in tabs}

    for tab, text in shown.items():
        assert "alice shares this job with you" in text, tab
        assert "Logged in as bob" in text
        for words in ("/retry", "/change", "/delete", "/datasets/ds_", "tab=spec#remarks", "/compare?jobs=", "from="):
            assert words not in text, (tab, words)
    assert "Filled in with" not in shown["predict"]  # a row of data that is not shared
    form = {"form_token": walk.token(bob), "f0": "1", "f1": "1"}
    answered = bob.post(f"/jobs/{alice.job}/predict", data=form)
    assert (answered.status_code, 'id="answer"' in answered.text) == (200, True)


def test_a_shared_data_set_says_nothing_of_its_owners_jobs_and_can_be_trained_on(
    client_of: ClientOf, joined: Base, alice: Things
) -> None:
    source = joined.jobs.lookup.get("alice", alice.job).data.id
    joined.accounts.shares.add("alice", Kind.DATASET, alice.dataset, "bob")
    bob = client_of("bob")

    page = bob.get(f"/datasets/{alice.dataset}", headers=HTML).text
    form = bob.get(f"/new?dataset={alice.dataset}", headers=HTML)

    assert "Used by" not in page
    assert "/rename" not in page
    assert 'aria-label="First rows"' in page
    assert (form.status_code, "valid</p>" in form.text) == (200, True)
    sent = {"dataset": alice.dataset, "target": "y", "model": "linear", "epochs": "1"}
    status, place = send(bob, "/new", **sent)
    assert status == 303
    assert joined.jobs.lookup.get("bob", place.removeprefix("/jobs/")).spec["data"]["target"] == "y"
    assert bob.get(f"/datasets/{source}", headers=HTML).status_code == 404  # it is not shared
