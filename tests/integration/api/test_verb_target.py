"""What a verb is told is an id, the beginning of one, or a name that one job has; on both databases."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import make_job, train

VERBS: list[tuple[str, str, Any]] = [
    ("POST", "/cancel", None),
    ("POST", "/pause", None),
    ("POST", "/resume", None),
    ("POST", "/retry", {}),
    ("PATCH", "", {"priority": 3}),
    ("DELETE", "?force=true", None),
]
by_verb = pytest.mark.parametrize(("method", "path", "sent"), VERBS, ids=[path or method for method, path, _ in VERBS])


@by_verb
def test_a_name_that_one_job_has_and_the_beginning_of_an_id_are_enough(
    client: FlaskClient, joined: Base, method: str, path: str, sent: Any
) -> None:
    for said in ("only", ""):
        job = make_job(joined, name="only", seed=len(said))
        answer = client.open(f"/api/v1/jobs/{said or job.id[:12]}{path}", method=method, json=sent)

        # Those that do not go with a queued job say so, which also shows that it was found.
        assert answer.status_code in {200, 202, 204} or answer.get_json()["code"] == "invalid_transition", answer.text
        for left in client.get("/api/v1/jobs").get_json()["data"]:
            client.delete(f"/api/v1/jobs/{left['id']}?force=true")


@by_verb
def test_what_means_several_jobs_is_a_409_with_their_ids_and_changes_none(
    client: FlaskClient, joined: Base, method: str, path: str, sent: Any
) -> None:
    first, second = make_job(joined, name="nightly", seed=1), make_job(joined, name="nightly", seed=2)

    answer = client.open(f"/api/v1/jobs/nightly{path}", method=method, json=sent)
    problem = answer.get_json()

    assert (answer.status_code, problem["code"]) == (409, "ambiguous_job")
    assert problem["jobs"] == [second.id, first.id]
    assert [joined.jobs.lookup.get("local", job.id).events_seq for job in (first, second)] == [1, 1]


def test_what_means_no_job_is_a_404_with_the_nearest(client: FlaskClient, joined: Base) -> None:
    make_job(joined, name="nightly")

    for said in ("nightl", "job_", "job_%"):
        answer = client.post(f"/api/v1/jobs/{said}/cancel")
        assert answer.status_code == 404
    assert client.post("/api/v1/jobs/nightl/cancel").get_json()["suggestion"] == "nightly"


def test_an_ambiguous_word_among_many_leaves_the_others_their_outcome(client: FlaskClient, joined: Base) -> None:
    make_job(joined, name="twice", seed=1), make_job(joined, name="twice", seed=2)
    one = make_job(joined, name="once", seed=3)

    outcomes = client.post("/api/v1/jobs/cancel", json={"jobs": ["twice", one.id]}).get_json()["data"]

    assert outcomes[0]["error"]["code"] == "ambiguous_job"
    assert (outcomes[1]["id"], outcomes[1]["status"]) == (one.id, "cancelled")


def test_a_retry_keeps_the_name_and_goes_on_telling_what_differs(client: FlaskClient, joined: Base) -> None:
    old = make_job(joined, name="nightly")
    train(joined, old.id)
    key = {"Idempotency-Key": "k"}
    patch = {"spec": {"epochs": 2}}

    job = client.post("/api/v1/jobs/nightly/retry", json=patch, headers=key).get_json()
    again = client.post("/api/v1/jobs/nightly/retry", json=patch, headers=key)

    assert job["name"] == "nightly"
    assert (again.status_code, again.get_json()["id"]) == (202, job["id"])  # though two jobs have the name by now
    train(joined, job["id"])
    later = client.get(f"/api/v1/jobs/{job['id']}").get_json()
    assert later["spec_diff"] == [{"pointer": "#/epochs", "from": 3, "to": 2}]
    assert client.get(f"/api/v1/jobs/{old.id}").get_json()["spec_diff"] is None


def test_a_retry_from_a_checkpoint_begins_with_those_weights(client: FlaskClient, joined: Base) -> None:
    parts: dict[str, Any] = {"optimizer": {"type": "sgd", "lr": 0.05}, "checkpoint": {"every_epochs": 1}}
    old = make_job(joined, **parts, epochs=4)
    train(joined, old.id)

    job = client.post(f"/api/v1/jobs/{old.id}/retry", json={"from_checkpoint": "epoch:2"}).get_json()
    train(joined, job["id"])

    assert job["initialised_from"]["job"] == old.id
    assert job["initialised_from"]["epoch"] == 2
    assert [diff["pointer"] for diff in job["spec_diff"]] == ["#/init_from"]
    costs = [[epoch.train_cost for epoch in joined.jobs.lookup.epochs("local", of)] for of in (old.id, job["id"])]
    # Plain gradient descent has no state but its weights, and the order of rows is another: nearly the same costs.
    assert costs[1][0] == pytest.approx(costs[0][2], rel=0.3)
    assert costs[1][0] < costs[0][1]


def test_weights_to_begin_with_are_not_said_twice(client: FlaskClient, joined: Base) -> None:
    old = make_job(joined)
    train(joined, old.id)
    sent = {"from_checkpoint": "best", "spec": {"init_from": {"job": old.id}}}

    fault = client.post(f"/api/v1/jobs/{old.id}/retry", json=sent).get_json()["errors"][0]

    assert fault["pointer"] == "#/from_checkpoint"
