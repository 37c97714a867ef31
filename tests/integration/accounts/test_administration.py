"""Keys made and revoked over HTTP, and the audit log: who did what from where."""

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.accounts.audit import AuditLog
from services.wiring.base import Base
from tests.hold import until
from tests.integration.accounts.clients import ClientOf, with_token
from tests.make import SMALL


@pytest.fixture
def root(client_of: ClientOf) -> FlaskClient:
    """Whoever may administer, and nothing else."""
    return client_of("root", "admin")


def audited(root: FlaskClient, action: str) -> dict[str, Any]:
    """Return the newest entry of an action, which is stored within a second."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for entry in root.get("/api/v1/audit").json["data"]:
            if entry["action"] == action:
                return dict(entry)
        time.sleep(0.1)
    raise AssertionError(f"no {action} in {root.get('/api/v1/audit').json}")


def test_a_key_is_made_shown_once_used_and_revoked(app: Flask, root: FlaskClient) -> None:
    made = root.post("/api/v1/keys", json={"owner": "alice", "name": "ci", "scopes": ["read"], "expires": "90d"})

    assert made.status_code == 201
    token, key_id = made.json["token"], made.json["id"]
    client = with_token(app, token)
    assert client.get("/api/v1").json["caller"] == {"owner": "alice", "scopes": ["read"], "key": key_id}
    assert "token" not in root.get(made.headers["Location"]).json
    assert token not in root.get("/api/v1/keys").text
    assert root.delete(f"/api/v1/keys/{key_id}").json["status"] == "revoked"
    assert client.get("/api/v1").status_code == 401
    assert root.get("/api/v1/keys?owner=alice").json["data"][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"owner": "a/b"}, "#/owner"),
        ({"owner": ""}, "#/owner"),
        ({"owner": "alice", "scopes": ["write"]}, "#/scopes/0"),
        ({"owner": "alice", "scopes": []}, "#/scopes"),
        ({"owner": "alice", "expires": "soon"}, "#/expires"),
        ({"owner": "alice", "expires": "0d"}, "#/expires"),
        ({"owner": "alice", "expires": "999999w"}, "#/expires"),
        ({"owner": "alice", "token": "by_mine"}, "#/token"),
        ({}, "#/owner"),
    ],
    ids=str,
)
def test_a_key_that_makes_no_sense_is_refused_at_its_place(
    root: FlaskClient, body: dict[str, Any], pointer: str
) -> None:
    refused = root.post("/api/v1/keys", json=body)

    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == pointer


def test_whoever_may_not_administer_learns_nothing_of_keys(client_of: ClientOf, root: FlaskClient) -> None:
    alice = client_of("alice")
    key_id = root.get("/api/v1/keys").json["data"][0]["id"]

    for method, path in (
        ("GET", "/api/v1/keys"),
        ("GET", f"/api/v1/keys/{key_id}"),
        ("GET", "/api/v1/keys/key_unknown"),
        ("DELETE", f"/api/v1/keys/{key_id}"),
        ("POST", "/api/v1/keys"),
        ("GET", "/api/v1/audit"),
    ):
        answer = alice.open(path, method=method, json={"owner": "alice"} if method == "POST" else None)
        assert answer.status_code == 403, path
    assert root.get("/api/v1/keys").status_code == 200


def test_what_was_changed_is_in_the_audit_log_with_who_and_from_where(root: FlaskClient, client_of: ClientOf) -> None:
    alice = client_of("alice")
    job = alice.post("/api/v1/jobs", json=SMALL, environ_base={"REMOTE_ADDR": "192.0.2.9"}).json["id"]
    alice.get(f"/api/v1/jobs/{job}")
    alice.post(f"/api/v1/jobs/{job}/cancel")

    submitted, cancelled = audited(root, "jobs.submit"), audited(root, "jobs.cancel")

    key_id = alice.get("/api/v1").json["caller"]["key"]
    assert (submitted["owner"], submitted["key_id"], submitted["status"]) == ("alice", key_id, 202)
    assert submitted["address"] == "192.0.2.9"
    assert cancelled["path"] == f"/api/v1/jobs/{job}/cancel"
    assert {entry["action"] for entry in root.get("/api/v1/audit?owner=alice").json["data"]} == {
        "jobs.submit",
        "jobs.cancel",
    }


def test_a_wrong_key_is_in_the_audit_log_and_what_it_was_is_not(
    app: Flask, root: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "by_" + "7" * 52

    with_token(app, wrong).get("/api/v1/jobs")

    assert audited(root, "jobs.index")["owner"] is None
    assert wrong not in root.get("/api/v1/audit").text
    assert wrong not in "".join(capsys.readouterr())


def test_the_audit_log_is_read_page_by_page(root: FlaskClient) -> None:
    for n in range(5):
        root.post("/api/v1/keys", json={"owner": f"owner{n}"})
    until(lambda: len(root.get("/api/v1/audit").json["data"]) == 5)

    seen, at = [], "/api/v1/audit?limit=2"
    while at:
        page = root.get(at).json
        seen += [entry["id"] for entry in page["data"]]
        at = page["next"]

    assert len(seen) == len(set(seen)) == 5


def test_old_entries_are_forgotten_where_the_operator_says_so(root: FlaskClient, joined: Base) -> None:
    root.post("/api/v1/keys", json={"owner": "alice"})
    audited(root, "keys.create")

    AuditLog(joined.database).forget(None)
    assert root.get("/api/v1/audit").json["data"]
    AuditLog(joined.database).forget(0)

    assert root.get("/api/v1/audit").json["data"] == []
