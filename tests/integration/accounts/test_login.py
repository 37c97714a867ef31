"""The pages with keys on: a browser logs in, and nothing that another page makes it send changes anything."""

import re
from contextlib import closing
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.accounts.key_ring import KeyRing
from services.accounts.sessions import Sessions
from services.db.engine import Database
from services.settings import Settings
from services.wiring.base import Base
from tests.integration.accounts.clients import with_token
from tests.integration.accounts.walk import token
from tests.make import SMALL

HTML = {"Accept": "text/html,*/*;q=0.8"}


def form_token(client: FlaskClient, path: str = "/login") -> str:
    """Open a page and return the token of its forms."""
    found = re.search(r'name="form_token" value="([^"]+)"', client.get(path, headers=HTML).text)
    assert found
    return found[1]


def log_in(client: FlaskClient, key: str, place: str = "") -> TestResponse:
    """Send the form of the login page."""
    return client.post("/login", data={"form_token": form_token(client), "key": key, "next": place}, headers=HTML)


@pytest.fixture
def browser(app: Flask, joined: Base) -> FlaskClient:
    """A browser of alice's that is logged in."""
    client = app.test_client()
    assert log_in(client, joined.keys.create("alice")[1]).status_code == 303
    return client


def test_every_page_leads_to_the_login_and_back(app: Flask, joined: Base) -> None:
    client = app.test_client()

    sent = client.get("/jobs/x?tab=spec", headers=HTML)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/login?next=/jobs/x%3Ftab%3Dspec")
    shown = client.get(sent.headers["Location"], headers=HTML)
    assert (shown.status_code, "New job" in shown.text) == (200, False)
    back = log_in(client, joined.keys.create("alice")[1], "/jobs/x?tab=spec")

    assert (back.status_code, back.headers["Location"]) == (303, "/jobs/x?tab=spec")
    assert "alice" in client.get("/", headers=HTML).text


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_holds_no_key(app: Flask, joined: Base) -> None:
    _, key = joined.keys.create("alice")
    client = app.test_client()

    answer = client.post(
        "/login",
        data={"form_token": form_token(client), "key": key},
        headers=HTML,
        environ_overrides={"wsgi.url_scheme": "https"},
    )
    cookies = [SimpleCookie(value) for value in answer.headers.getlist("Set-Cookie")]
    session = next(cookie["batchyard_session"] for cookie in cookies if "batchyard_session" in cookie)

    assert session["httponly"]
    assert session["secure"]
    assert session["samesite"] == "Strict"
    assert key not in str(answer.headers)


@pytest.mark.parametrize(
    "place", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "\\\\e", "/a\nb", ""]
)
def test_after_the_login_a_browser_stays_here(app: Flask, joined: Base, place: str) -> None:
    answer = log_in(app.test_client(), joined.keys.create("alice")[1], place)

    assert answer.headers["Location"] == "/"


def test_a_wrong_key_is_told_and_too_many_are_limited(app: Flask) -> None:
    client = app.test_client()
    first = log_in(client, "by_wrong")
    statuses = [log_in(client, "by_wrong").status_code for _ in range(22)]

    assert (first.status_code, "That is not a valid key" in first.text) == (401, True)
    assert statuses[-1] == 429
    assert client.get_cookie("batchyard_session") is None


def test_a_form_without_its_token_logs_nobody_in(app: Flask, joined: Base) -> None:
    _, key = joined.keys.create("alice")

    assert app.test_client().post("/login", data={"key": key}, headers=HTML).status_code == 403


def test_a_session_ends_with_logout_with_its_key_and_when_it_is_altered(
    app: Flask, browser: FlaskClient, joined: Base
) -> None:
    assert browser.get("/", headers=HTML).status_code == 200
    kept, again, late = _session(browser), app.test_client(), app.test_client()
    again.set_cookie("batchyard_session", kept[:-1] + ("0" if kept[-1] != "0" else "1"))
    assert again.get("/", headers=HTML).status_code == 303
    again.set_cookie("batchyard_session", kept)
    assert again.get("/", headers=HTML).status_code == 200
    late.set_cookie("batchyard_session", app.extensions["batchyard"].sessions.begin(joined.keys.listing("alice")[0].id))
    assert late.get("/", headers=HTML).status_code == 200

    browser.post("/logout", data={"form_token": token(browser)}, headers=HTML)
    assert browser.get("/", headers=HTML).status_code == 303
    assert again.get("/", headers=HTML).status_code == 303  # a copy of the cookie
    assert late.get("/", headers=HTML).status_code == 200  # another session with the same key
    joined.keys.revoke(joined.keys.listing("alice")[0].id)
    app.extensions["batchyard"].keys.poll()
    assert late.get("/", headers=HTML).status_code == 303


def test_a_logout_ends_the_session_in_every_process(app: Flask, browser: FlaskClient, settings: Settings) -> None:
    with closing(Database(settings)) as database:
        other = Sessions(database, settings.storage, settings.session_s)
        ring = KeyRing(database, 60.0, other.reload)
        ring.poll()
        kept = _session(browser)
        assert other.key_id(kept) is not None

        browser.post("/logout", data={"form_token": token(browser)}, headers=HTML)
        ring.poll()

        assert other.key_id(kept) is None


def _session(browser: FlaskClient) -> str:
    found = browser.get_cookie("batchyard_session")
    assert found is not None
    return found.value


def test_a_session_reads_through_the_interface_but_changes_only_through_forms(browser: FlaskClient) -> None:
    assert browser.get("/api/v1/jobs").status_code == 200
    assert browser.post("/api/v1/jobs", json=SMALL).status_code == 401
    assert browser.delete("/api/v1/jobs/x").status_code == 401
    assert browser.post("/sample", headers=HTML).status_code == 403
    started = browser.post("/sample", data={"form_token": token(browser)}, headers=HTML)

    assert started.status_code == 303
    assert browser.get("/api/v1/jobs").json["counts"]["queued"] == 1


def test_a_page_of_another_site_gets_nowhere_even_with_the_cookie(browser: FlaskClient) -> None:
    form = {"form_token": token(browser)}

    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        assert browser.post("/sample", data=form, headers=HTML | headers).status_code == 403


def test_pages_say_what_a_browser_may_do_with_them(browser: FlaskClient) -> None:
    secure = browser.get("/login", headers=HTML, environ_overrides={"wsgi.url_scheme": "https"})
    plain = browser.get("/login", headers=HTML)

    for name in ("Content-Security-Policy", "Permissions-Policy", "X-Content-Type-Options", "Referrer-Policy"):
        assert plain.headers[name]
    assert "frame-ancestors 'none'" in plain.headers["Content-Security-Policy"]
    assert plain.headers["Cache-Control"] == "no-store"
    assert "max-age" in secure.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in plain.headers


def test_a_page_names_its_owner_to_the_stream_that_its_tabs_share(browser: FlaskClient, app: Flask) -> None:
    assert 'data-owner="alice"' in browser.get("/", headers=HTML).text
    assert 'data-owner=""' in app.test_client().get("/login", headers=HTML).text


def test_a_key_in_the_header_opens_pages_too(app: Flask, joined: Base) -> None:
    assert with_token(app, joined.keys.create("alice")[1]).get("/", headers=HTML).status_code == 200
