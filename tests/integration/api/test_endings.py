"""The end of a job is waited for in one call: by reading it, by its events, by a retry and by a resume."""

import time

from flask import Flask
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.integration.api.waiters import meanwhile
from tests.make import make_job, train


def test_reading_until_done_is_answered_when_the_job_is_done(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)

    with meanwhile(client.application, lambda: train(joined, job.id)):
        answer = client.get(f"/api/v1/jobs/{job.id}?until=done", headers={"Prefer": "wait=20"})

    assert (answer.status_code, answer.get_json()["status"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert "Retry-After" not in answer.headers


def test_reading_until_done_ends_with_the_time_and_says_to_come_again(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)
    began = time.monotonic()

    answer = client.get(f"/api/v1/jobs/{job.id}?until=done", headers={"Prefer": "wait=1"})
    unchanged = client.get(
        f"/api/v1/jobs/{job.id}?until=done",
        headers={"Prefer": "wait=1", "If-None-Match": answer.headers["ETag"]},
    )

    assert (answer.status_code, answer.get_json()["status"]) == (200, "queued")
    assert answer.headers["Retry-After"] == "2"
    assert unchanged.status_code == 304
    assert 2.0 <= time.monotonic() - began < 6.0


def test_what_is_done_is_answered_at_once(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)
    train(joined, job.id)
    began = time.monotonic()

    for address in (f"/api/v1/jobs/{job.id}?until=done", f"/api/v1/jobs/{job.id}/events?until=done"):
        assert client.get(address).status_code == 200

    assert time.monotonic() - began < 2.0


def test_a_list_of_events_waits_for_one_or_for_the_end(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)
    address = f"/api/v1/jobs/{job.id}/events"
    prefer = {"Prefer": "wait=20"}

    with meanwhile(client.application, lambda: joined.jobs.commands.change("local", job.id, {"priority": 2})):
        changed = client.get(f"{address}?after=1", headers=prefer)
    at_once = client.get(f"{address}?after=1", headers=prefer).get_json()["data"]
    with meanwhile(client.application, lambda: joined.jobs.commands.cancel("local", job.id)):
        ended = client.get(f"{address}?until=done", headers=prefer)

    assert [event["type"] for event in changed.get_json()["data"]] == ["changed"] == [e["type"] for e in at_once]
    assert changed.headers["Preference-Applied"] == "wait=20"
    assert [event["type"] for event in ended.get_json()["data"]] == ["queued", "changed", "end"]


def test_a_retry_that_is_done_in_time_is_201_and_else_202(client: FlaskClient, joined: Base) -> None:
    old = make_job(joined)
    train(joined, old.id)

    def train_next() -> None:
        train(joined, client.application.test_client().get("/api/v1/jobs").get_json()["data"][0]["id"])

    with meanwhile(client.application, train_next):
        done = client.post(f"/api/v1/jobs/{old.id}/retry", headers={"Prefer": "wait=20"})
    late = client.post(f"/api/v1/jobs/{old.id}/retry", headers={"Prefer": "wait=1"})
    not_waited = client.post(f"/api/v1/jobs/{old.id}/retry")

    assert (done.status_code, done.get_json()["status"]) == (201, "succeeded")
    assert (late.status_code, late.get_json()["status"]) == (202, "queued")
    assert (not_waited.status_code, "Preference-Applied" in not_waited.headers) == (202, False)


def test_a_resume_is_waited_for_and_says_where_it_went_on(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    joined.jobs.commands.pause("local", job.id)
    joined.attempts.lifecycle.stopped(claim)

    with meanwhile(client.application, lambda: train(joined, job.id)):
        answer = client.post(f"/api/v1/jobs/{job.id}/resume", headers={"Prefer": "wait=20"})

    assert (answer.status_code, answer.get_json()["status"]) == (200, "succeeded")
    assert answer.get_json()["resume_from"] == {"epoch": 0, "step": 0}


def test_without_a_place_reading_is_refused_and_a_retry_is_not(app: Flask, client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)
    watcher = app.extensions["batchyard.watcher"]
    watcher.most = 0

    for address in (f"/api/v1/jobs/{job.id}?until=done", f"/api/v1/jobs/{job.id}/events?until=done"):
        assert client.get(address, headers={"Prefer": "wait=5"}).status_code == 503
    retried = client.post(f"/api/v1/jobs/{job.id}/retry", headers={"Prefer": "wait=5"})

    assert (retried.status_code, "Preference-Applied" in retried.headers) == (202, False)
