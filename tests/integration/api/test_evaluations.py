"""The evaluation of a job that a trainer has ended, and its stored validation predictions, over HTTP."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.queue.claims import Claim
from services.states import StopReason
from services.wiring import trainer as wiring
from services.wiring.base import Base
from services.wiring.look_inside import look_inside
from tests.make import make_job

IRIS: dict[str, Any] = {"data": {"builtin": "iris"}, "model": "mlp", "epochs": 3}


def trained(joined: Base, *, evaluation_s: float = 1.0, is_asked_to_end: bool = False, **parts: Any) -> str:
    """Do all that a trainer does of a job, and return the job's id."""
    return end(joined, make_job(joined, **parts).id, evaluation_s=evaluation_s, is_asked_to_end=is_asked_to_end)


def end(joined: Base, job_id: str, *, evaluation_s: float = 1.0, is_asked_to_end: bool = False) -> str:
    """Train a queued job to its end and look inside."""
    with attempt(joined, job_id) as job:
        for costs in job.training.fit():
            job.recorder.epoch(costs, improved=job.training.best.improved(costs))
        job.recorder.succeed(StopReason.COMPLETED)
        look_inside(replace(joined.settings, evaluation_s=evaluation_s), job, lambda: is_asked_to_end)
    return job_id


@contextmanager
def attempt(joined: Base, job_id: str) -> Iterator[wiring.Job]:
    """Claim a job and load it as its trainer does."""
    claim = joined.claims.claim("cpu", "test")
    assert claim is not None
    assert claim.job_id == job_id
    job = wiring.job(joined.settings, job_id, claim.attempt, lambda: None, lambda: None)
    try:
        job.recorder.started(job.training.environment())
        yield job
    finally:
        job.database.close()


def test_a_finished_job_says_what_is_inside(client: FlaskClient, joined: Base) -> None:
    job_id = trained(joined, **IRIS)

    found = client.get(f"/api/v1/jobs/{job_id}/evaluation").get_json()

    best = client.get(f"/api/v1/jobs/{job_id}").get_json()["best"]
    assert (found["object"], found["job"], found["checkpoint"]) == ("job.evaluation", job_id, best["checkpoint"])
    assert sum(map(sum, found["confusion_matrix"]["data"])) == found["rows"] == 30
    assert len(found["calibration"]) == 3
    assert len(found["importance"]["columns"]) == 4
    assert found["residuals"] is None
    assert found["left_out"] == []


def test_stored_predictions_come_in_pages_and_as_csv_and_are_those_that_predict_gives(
    client: FlaskClient, joined: Base
) -> None:
    job_id = trained(joined, **IRIS)
    path = f"/api/v1/jobs/{job_id}/predictions"

    pages, address = [], f"{path}?split=validation&limit=12"
    while address:
        pages.append(client.get(address).get_json())
        address = pages[-1]["next"]
    text = client.get(path, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(text.get_data(as_text=True))))

    assert [len(page["data"]) for page in pages] == [12, 12, 6]
    data = [row for page in pages for row in page["data"]]
    columns = pages[0]["columns"]
    assert columns[:3] == ["row", "target", "prediction"]
    assert [int(row["row"]) for row in rows] == [row[0] for row in data] == sorted(row[0] for row in data)
    assert text.content_type == "text/csv; charset=utf-8"
    first = data[0]
    shown = client.get(f"/api/v1/datasets/{joined.lookup.get('local', job_id).data.id}/rows?limit=1&after={first[0]}")
    cells = shown.get_json()["data"][0]
    again = client.post(f"/api/v1/jobs/{job_id}/predict", json={"x": [cells[:4]]}).get_json()
    assert (first[1], first[2]) == (cells[4], again["predictions"][0])
    assert first[3:] == pytest.approx(again["probabilities"][0], rel=1e-5)
    assert client.get(f"{path}?limit=2&format=csv").get_data(as_text=True).count("\n") == 3


def test_a_job_without_an_evaluation_says_why(client: FlaskClient, joined: Base) -> None:
    none = trained(joined, split="none")
    waiting = make_job(joined)

    for job_id, why in ((none, "no validation rows"), (waiting.id, "it is queued")):
        answer = client.get(f"/api/v1/jobs/{job_id}/evaluation")
        assert (answer.status_code, why in answer.get_json()["detail"]) == (404, True)
    assert client.get(f"/api/v1/jobs/{waiting.id}/predictions").status_code == 404
    assert client.get(f"/api/v1/jobs/{none}/predictions?split=test").status_code == 422


def test_who_is_asked_to_end_or_has_no_time_looks_at_less_and_the_job_has_succeeded(
    client: FlaskClient, joined: Base
) -> None:
    hurried = trained(joined, evaluation_s=1e-9, **IRIS)
    found = client.get(f"/api/v1/jobs/{hurried}/evaluation").get_json()
    asked_to_end = trained(joined, is_asked_to_end=True, **IRIS)
    asked = client.get(f"/api/v1/jobs/{asked_to_end}/evaluation").get_json()

    assert [entry["part"] for entry in found["left_out"]] == ["importance"]
    assert [entry["part"] for entry in asked["left_out"]] == ["importance"]
    assert sum(map(sum, found["confusion_matrix"]["data"])) == 30


def test_an_evaluation_goes_with_its_job(client: FlaskClient, joined: Base) -> None:
    job_id = trained(joined, **IRIS)

    assert client.delete(f"/api/v1/jobs/{job_id}").status_code == 204

    assert client.get(f"/api/v1/jobs/{job_id}/evaluation").status_code == 404


def test_the_page_shows_it_without_a_script(client: FlaskClient, joined: Base) -> None:
    classes = trained(joined, **IRIS)
    numbers = trained(joined, data={"builtin": "diabetes"}, model="mlp", epochs=1)
    waiting = make_job(joined)

    def page(job_id: str) -> str:
        answer = client.get(f"/jobs/{job_id}?tab=evaluation", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    assert all(words in page(classes) for words in ("Confusion matrix", "Calibration", "Importance", "petal_length"))
    assert "Residuals of " in page(numbers)
    assert "is evaluated when it has ended" in page(waiting.id)


def test_a_job_whose_best_epoch_was_before_an_interruption_is_evaluated_too(client: FlaskClient, joined: Base) -> None:
    # The step is so small that no epoch is better than the first.
    job = make_job(joined, **IRIS | {"optimizer": {"type": "sgd", "lr": 1e-30}, "calibrate": "temperature"})
    with attempt(joined, job.id) as first:
        costs = next(iter(first.training.fit()))
        first.training.calibrate()
        first.recorder.epoch(costs, improved=first.training.best.improved(costs))
    joined.lifecycle.yielded(Claim(job.id, 1))
    end(joined, job.id)

    found = client.get(f"/api/v1/jobs/{job.id}/evaluation").get_json()

    best = client.get(f"/api/v1/jobs/{job.id}").get_json()["best"]
    assert (best["epoch"], found["checkpoint"], found["rows"]) == (1, best["checkpoint"], 30)
    assert "Probabilities are calibrated" in client.get(f"/api/v1/jobs/{job.id}/card").text


def test_calibration_is_refused_where_there_is_nothing_to_calibrate(client: FlaskClient) -> None:
    def faults(**spec: Any) -> list[tuple[str, str]]:
        answer = client.post("/api/v1/jobs", json={"model": "mlp", "calibrate": "temperature", **spec})
        return [(fault["pointer"], fault["code"]) for fault in answer.get_json().get("errors", [])]

    assert faults(data={"builtin": "diabetes"}) == [("#/calibrate", "invalid")]
    assert faults(data={"builtin": "iris"}, split="none") == [("#/calibrate", "invalid")]
    assert faults(data={"builtin": "iris"}) == []
