"""Changing what a job is called and when it goes, over HTTP, on both databases."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import make_job, train


def test_name_tags_metadata_and_priority_are_changed_by_a_merge_patch(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined, metadata={"team": "nlp", "kept": 1})
    train(joined, job.id)
    before = client.get(f"/api/v1/jobs/{job.id}").headers["ETag"]
    patch = {"name": "iris-final", "tags": ["keep"], "metadata": {"team": None, "ticket": "ML-42"}, "priority": 5}

    answer = client.patch(
        f"/api/v1/jobs/{job.id}", json=patch, content_type="application/merge-patch+json", headers={"If-Match": before}
    )

    found = answer.get_json()
    assert answer.status_code == 200, answer.text
    assert (found["name"], found["tags"], found["priority"]) == ("iris-final", ["keep"], 5)
    assert found["metadata"] == {"kept": 1, "ticket": "ML-42"}
    assert answer.headers["ETag"] != before
    assert client.get("/api/v1/jobs/iris-final").headers["ETag"] == answer.headers["ETag"]
    assert joined.jobs.lookup.events("local", job.id)[-1].data["priority"] == {"from": 0, "to": 5}


def test_a_job_whose_priority_is_raised_goes_first(client: FlaskClient, joined: Base) -> None:
    make_job(joined)
    urgent = make_job(joined, seed=1)

    client.patch(f"/api/v1/jobs/{urgent.id}", json={"priority": 1})
    claim = joined.queue.claims.claim("cpu", "w")

    assert claim is not None
    assert claim.job_id == urgent.id


def test_null_is_the_default_and_what_changes_nothing_is_no_news(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined, tags=["a"], metadata={"team": "nlp"}, priority=3)

    first = client.patch(f"/api/v1/jobs/{job.id}", json={"tags": None, "metadata": None, "priority": None})
    again = client.patch(f"/api/v1/jobs/{job.id}", json={"tags": [], "priority": 0})

    found = again.get_json()
    assert (found["tags"], found["metadata"], found["priority"]) == ([], {}, 0)
    assert first.headers["ETag"] == again.headers["ETag"]


@pytest.mark.parametrize("version", ['W/"99"', '"abc"'])
def test_who_knows_an_older_state_is_told_so(client: FlaskClient, joined: Base, version: str) -> None:
    job = make_job(joined)

    answer = client.patch(f"/api/v1/jobs/{job.id}", json={"name": "mine"}, headers={"If-Match": version})

    assert (answer.status_code, answer.get_json()["code"]) == (412, "precondition_failed")
    assert answer.get_json()["etag"] == 'W/"1"'
    assert joined.jobs.lookup.get("local", job.id).name == job.name


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({"epochs": 5}, "#/epochs", "not_patchable"),
        ({"spec": {"epochs": 5}}, "#/spec", "not_patchable"),
        ({"status": "cancelled"}, "#/status", "not_patchable"),
        ({"prioritty": 5}, "#/prioritty", "unknown_key"),
        ({"priority": 11}, "#/priority", "out_of_range"),
        ({"priority": "5"}, "#/priority", "wrong_type"),
        ({"name": "two words"}, "#/name", "invalid_name"),
        ({"name": None}, "#/name", "wrong_type"),
        ({"metadata": {"a": {"b": 1}}}, "#/metadata/a", "wrong_type"),
        ({"metadata": {str(n): n for n in range(64)}}, "#/metadata", "too_long"),
    ],
)
def test_what_can_not_be_changed_is_a_422_with_a_pointer(
    client: FlaskClient, joined: Base, sent: dict[str, Any], pointer: str, code: str
) -> None:
    job = make_job(joined, metadata={"team": "nlp"})

    answer = client.patch(f"/api/v1/jobs/{job.id}", json=sent)

    assert answer.status_code == 422, answer.text
    fault = answer.get_json()["errors"][0]
    assert (fault["pointer"], fault["code"]) == (pointer, code)
    assert code != "not_patchable" or (fault["hint"] and fault["allowed"] == ["name", "priority", "tags", "metadata"])
