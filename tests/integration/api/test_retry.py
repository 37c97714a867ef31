"""Trying a job again over HTTP, on both databases."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.training_errors import NonfiniteCost
from services.wiring import trainer
from services.wiring.base import Base
from tests.make import make_job, train


def diverged(joined: Base) -> str:
    """Return the id of a job that failed with a cost that was not finite."""
    job = make_job(joined, optimizer={"type": "sgd", "lr": 5.0}, tags=["keep"], metadata={"team": "nlp"}, priority=3)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    begun = trainer.job(joined.settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
    begun.recorder.fail(NonfiniteCost("The training cost became NaN in epoch 1, step 2."))
    begun.database.close()
    return job.id


def test_a_patch_of_the_spec_makes_a_new_job_that_names_the_old_one(client: FlaskClient, joined: Base) -> None:
    old = make_job(joined)
    train(joined, old.id)

    answer = client.post(
        f"/api/v1/jobs/{old.id}/retry", json={"name": "lower-lr", "spec": {"optimizer": {"lr": 0.0003}, "epochs": 2}}
    )
    job = answer.get_json()

    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["name"], job["status"], job["retry_of"]) == ("lower-lr", "queued", old.id)
    assert job["spec_diff"] == [
        {"pointer": "#/epochs", "from": 3, "to": 2},
        {"pointer": "#/optimizer/lr", "from": old.spec["optimizer"]["lr"], "to": 0.0003},
    ]
    assert train(joined, job["id"]).training.epochs_done == 2
    assert client.get(f"/api/v1/jobs/{job['id']}").get_json()["retry_of"] == old.id


def test_a_retry_without_a_word_trains_the_same_again(client: FlaskClient, joined: Base) -> None:
    old = make_job(joined)
    train(joined, old.id)

    job = client.post(f"/api/v1/jobs/{old.id}/retry").get_json()
    train(joined, job["id"])

    assert job["spec_diff"] == []
    costs = [[e.train_cost for e in joined.jobs.lookup.epochs("local", n)] for n in (old.id, job["id"])]
    assert costs[0] == costs[1]


def test_the_suggestion_of_an_error_is_applied_by_its_name(client: FlaskClient, joined: Base) -> None:
    old = diverged(joined)
    error = client.get(f"/api/v1/jobs/{old}").get_json()["error"]

    job = client.post(f"/api/v1/jobs/{old}/retry", json={"apply": "suggestion", "spec": {"epochs": 2}}).get_json()

    assert (error["class"], error["retryable"], error["suggestion"]) == (
        "divergence",
        False,
        {"optimizer": {"lr": 0.5}},
    )
    assert [(d["pointer"], d["to"]) for d in job["spec_diff"]] == [("#/epochs", 2), ("#/optimizer/lr", 0.5)]
    assert (job["tags"], job["metadata"], job["priority"]) == (["keep"], {"team": "nlp"}, 3)
    assert train(joined, job["id"]).status == "succeeded"


def test_null_takes_a_value_away_so_that_its_default_holds(client: FlaskClient, joined: Base) -> None:
    old = make_job(joined, optimizer={"type": "sgd", "lr": 5.0})

    job = client.post(f"/api/v1/jobs/{old.id}/retry", json={"spec": {"optimizer": None, "loss": None}}).get_json()

    assert job["spec"]["optimizer"]["type"] == "adamw"
    assert job["spec"]["loss"] == old.spec["loss"]


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({"spec": {"optimizer": {"typ": "sgd"}}}, "#/spec/optimizer/typ", "unknown_key"),
        ({"spec": {"epochs": 0, "model": "nope"}}, "#/spec/epochs", "out_of_range"),
        ({"spec": {"data": {"dataset": "ds_gone"}}}, "#/spec/data/dataset", "unknown_dataset"),
        ({"spec": 3}, "#/spec", "wrong_type"),
        ({"optimizer": {"lr": 1}}, "#/optimizer", "unknown_key"),
        ({"apply": "suggestion"}, "#/apply", "not_available"),
        ({"apply": "luck"}, "#/apply", "unknown_value"),
        ({"from_checkpoint": "best"}, "#/from_checkpoint", "unknown_value"),
        ({"from_checkpoint": 3}, "#/from_checkpoint", "wrong_type"),
    ],
)
def test_what_can_not_be_retried_is_a_422_with_a_pointer(
    client: FlaskClient, joined: Base, sent: dict[str, Any], pointer: str, code: str
) -> None:
    old = make_job(joined)

    answer = client.post(f"/api/v1/jobs/{old.id}/retry", json=sent)

    assert answer.status_code == 422, answer.text
    assert (pointer, code) in [(fault["pointer"], fault["code"]) for fault in answer.get_json()["errors"]]


def test_a_key_brings_the_same_retry(client: FlaskClient, joined: Base) -> None:
    old, other = make_job(joined), make_job(joined, seed=1)
    key = {"Idempotency-Key": "k"}

    first, again = (client.post(f"/api/v1/jobs/{old.id}/retry", headers=key) for _ in range(2))
    refused = client.post(f"/api/v1/jobs/{other.id}/retry", headers=key)

    assert first.get_json()["id"] == again.get_json()["id"] != old.id
    assert (refused.status_code, refused.get_json()["code"]) == (422, "idempotency_key_reused")


def test_a_job_that_is_not_there_can_not_be_retried(client: FlaskClient) -> None:
    assert client.post("/api/v1/jobs/job_unknown/retry").status_code == 404
