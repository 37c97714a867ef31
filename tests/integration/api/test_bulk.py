"""Cancelling many jobs with one request, on both databases."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import make_job, train


def test_jobs_are_cancelled_by_their_ids_each_with_its_own_outcome(client: FlaskClient, joined: Base) -> None:
    finished = make_job(joined)
    train(joined, finished.id)
    running = make_job(joined, seed=1)
    joined.queue.claims.claim("cpu", "w")
    waiting, spared = make_job(joined, seed=2), make_job(joined, seed=3)

    ids = [waiting.id, running.id, finished.id, "job_unknown", waiting.id]
    answer = client.post("/api/v1/jobs/cancel", json={"jobs": ids, "reason": "wrong data"})

    data = answer.get_json()["data"]
    assert answer.status_code == 200
    assert [(one["id"], one["status"], (one["error"] or {}).get("code")) for one in data] == [
        (waiting.id, "cancelled", None),
        (running.id, "cancelling", None),
        (finished.id, "succeeded", "job_already_finished"),
        ("job_unknown", None, "not_found"),
    ]
    assert joined.jobs.lookup.get("local", spared.id).status == "queued"


def test_jobs_are_cancelled_by_what_a_filter_finds(client: FlaskClient, joined: Base) -> None:
    sweep = [make_job(joined, seed=n, tags=["sweep"], name=f"s{n}").id for n in range(3)]
    done = make_job(joined, seed=8, tags=["sweep"], priority=9)
    train(joined, done.id)
    others = [make_job(joined, seed=9).id, make_job(joined, seed=10, owner="else", tags=["sweep"]).id]

    answer = client.post("/api/v1/jobs/cancel", json={"tag": "sweep"}).get_json()
    again = client.post("/api/v1/jobs/cancel", json={"tag": "sweep"}).get_json()

    assert ([one["id"] for one in answer["data"]], answer["has_more"]) == (sweep, False)
    assert again["data"] == []
    assert joined.jobs.lookup.get("local", others[0]).status == "queued"
    assert joined.jobs.lookup.get("else", others[1]).status == "queued"
    assert joined.jobs.lookup.get("local", done.id).status == "succeeded"


def test_all_jobs_that_are_not_finished_are_cancelled_across_pages(client: FlaskClient, joined: Base) -> None:
    jobs = [make_job(joined, seed=n).id for n in range(105)]

    answer = client.post("/api/v1/jobs/cancel", json={"all": True}).get_json()

    assert [one["id"] for one in answer["data"]] == jobs
    assert {one["status"] for one in answer["data"]} == {"cancelled"}


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "#"),
        ({"reason": "x"}, "#"),
        ({"all": True, "jobs": ["job_1"]}, "#"),
        ({"jobs": []}, "#/jobs"),
        ({"all": "no"}, "#/all"),
        ({"status": ["succeeded"]}, "#/status/0"),
        ({"stauts": ["queued"]}, "#/stauts"),
    ],
)
def test_a_request_that_does_not_say_which_jobs_is_refused(
    client: FlaskClient, joined: Base, sent: dict[str, Any], pointer: str
) -> None:
    job = make_job(joined)

    answer = client.post("/api/v1/jobs/cancel", json=sent)

    assert answer.status_code == 422, answer.text
    assert answer.get_json()["errors"][0]["pointer"] == pointer
    assert joined.jobs.lookup.get("local", job.id).status == "queued"
