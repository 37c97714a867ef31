"""A warm prediction asks no database, hears of changes, and is the same whichever way it is answered."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from api import create_app
from api.quick_predictions import QuickPredictions
from services.db.engine import Database
from services.settings import Settings
from services.wiring.base import Base
from tests.make import make_job, train

ROW: dict[str, Any] = {"x": [[1.0, 2.0]]}


@pytest.fixture
def app(settings: Settings, valkey: str) -> Iterator[Flask]:
    """The application, whose thread looks for changes so seldom that the tests do it themselves."""
    app = create_app(replace(settings, redis_url=valkey, change_interval_s=3600.0))
    app.extensions["batchyard"].load_predictions()
    yield app
    app.extensions["batchyard"].close()


def poll(app: Flask) -> None:
    """Look for changes, as the thread does."""
    app.extensions["batchyard"].predictions.freshness.poll()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Note every statement that is sent."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def answered(quick: QuickPredictions, path: str, body: bytes, query: str = "") -> Any:
    """Return what the event loop answers; None where it leaves the request to a thread."""
    headers = {"content-type": "application/json", "content-length": str(len(body)), "host": "localhost:1"}
    asked = quick.wants({"method": "POST", "path": path, "query_string": query.encode()}, headers)
    assert asked is not None
    return quick.answer(asked, body)


def test_a_warm_prediction_sends_no_statement(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)
    client.post("/api/v1/models/m/versions", json={"job": job.id})
    client.put("/api/v1/models/m/aliases/champion", json={"version": 1})
    addresses = [f"jobs/{job.id}", f"jobs/{job.name}", "models/m", "models/m@champion", "models/m/versions/1"]

    with statements(joined.database) as cold:
        first = [client.post(f"/api/v1/{address}/predict", json=ROW) for address in addresses]
    with statements(joined.database) as warm:
        second = [client.post(f"/api/v1/{address}/predict", json=ROW) for address in addresses]

    assert cold
    assert warm == []
    assert {answer.status_code for answer in first} == {200}
    assert [answer.data for answer in first] == [answer.data for answer in second]
    assert len({tuple(answer.json["predictions"]) for answer in first}) == 1


@pytest.mark.parametrize("query", ["", "output=predictions", "diagnostics=true&checkpoint=last", "diagnostics=false"])
def test_an_answer_is_the_same_whether_it_is_made_on_the_event_loop_or_not(
    app: Flask, client: FlaskClient, joined: Base, query: str
) -> None:
    job = train(joined, make_job(joined).id)
    quick = QuickPredictions(app.extensions["batchyard"], joined.settings, app.extensions["batchyard.timings"])
    path = f"/api/v1/jobs/{job.id}/predict"
    few, many = b'{"x": [[1.0, 2.0], [3, 400.5]]}', b'{"x": [%s]}' % b", ".join([b"[0.25, -3e1]"] * 2_000)

    assert answered(quick, path, few, query) is None  # cold
    for body in (few, many):
        usual = client.post(path, query_string=query, data=body, content_type="application/json")
        quickly = answered(quick, path, body, query)

        assert quickly is not None
        assert quickly[1] == usual.data
        sent = {name.decode(): value.decode() for name, value in quickly[0]}
        assert sent.keys() == {name.lower() for name, _ in usual.headers}
        same = set(sent) - {"x-request-id"}
        assert {name: sent[name] for name in same} == {name: usual.headers[name] for name in same}


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"host": "evil.example"}, ROW),
        ({"origin": "http://evil.example"}, ROW),
        ({"content-encoding": "gzip"}, ROW),
        ({"accept": "text/csv"}, ROW),
        ({"content-type": "text/csv"}, ROW),
        ({"content-length": "300000"}, ROW),
    ],
)
def test_what_is_unusual_goes_the_usual_way(
    app: Flask, joined: Base, changed: dict[str, str], body: dict[str, Any]
) -> None:
    quick = QuickPredictions(app.extensions["batchyard"], joined.settings, app.extensions["batchyard.timings"])
    scope = {"method": "POST", "path": "/api/v1/jobs/j/predict", "query_string": b""}
    headers = {"content-type": "application/json", "content-length": "18", "host": "localhost"}

    assert quick.wants(scope, headers) is not None
    assert quick.wants(scope, headers | changed) is None
    assert quick.wants(scope | {"query_string": b"output=everything"}, headers) is None
    assert quick.wants(scope | {"query_string": b"output=all&output=all"}, headers) is None
    assert quick.wants(scope | {"query_string": b"explain=true"}, headers) is None
    assert quick.wants(scope | {"method": "GET"}, headers) is None


def test_what_takes_long_is_not_answered_on_the_event_loop(app: Flask, client: FlaskClient, joined: Base) -> None:
    model = {"type": "mlp", "hidden": [400, 400], "number_embedding": None, "dropout": 0.0}
    job = train(joined, make_job(joined, model=model, epochs=1).id)
    quick = QuickPredictions(app.extensions["batchyard"], joined.settings, app.extensions["batchyard.timings"])
    path = f"/api/v1/jobs/{job.id}/predict"
    few, many = ('{"x": [' + ", ".join(["[1, 2]"] * rows) + "]}" for rows in (90, 110))
    mixed = json.dumps({"records": [{"x1": 1, "x2": 2}] * 110})
    assert client.post(path, data=few, content_type="application/json").status_code == 200

    assert answered(quick, path, few.encode()) is not None
    assert answered(quick, path, many.encode()) is None
    assert answered(quick, path, mixed.encode()) is None


def test_a_better_checkpoint_an_end_and_a_deletion_are_heard(app: Flask, client: FlaskClient, joined: Base) -> None:
    job = make_job(joined, name="nightly")
    train(joined, job.id)
    poll(app)
    before = client.post("/api/v1/jobs/nightly/predict", json=ROW).json

    other = train(joined, make_job(joined, name="nightly", seed=5, epochs=9).id)
    unheard = client.post("/api/v1/jobs/nightly/predict", json=ROW).json
    poll(app)
    after = client.post("/api/v1/jobs/nightly/predict", json=ROW).json
    client.delete(f"/api/v1/jobs/{other.id}")
    poll(app)
    deleted = client.post(f"/api/v1/jobs/{other.id}/predict", json=ROW)
    back = client.post("/api/v1/jobs/nightly/predict", json=ROW).json

    assert before["job"] == unheard["job"] == job.id == back["job"]
    assert after["job"] == other.id
    assert deleted.status_code == 404


def test_a_renamed_job_answers_by_its_new_name_alone(app: Flask, client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined, name="old").id)
    assert client.post("/api/v1/jobs/old/predict", json=ROW).status_code == 200

    client.patch(f"/api/v1/jobs/{job.id}", json={"name": "new"}, content_type="application/merge-patch+json")
    poll(app)

    assert client.post("/api/v1/jobs/old/predict", json=ROW).status_code == 404
    assert client.post("/api/v1/jobs/new/predict", json=ROW).status_code == 200


def test_what_is_read_while_it_changes_is_read_again(app: Flask, client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined, name="j").id)
    predictions = app.extensions["batchyard"].predictions
    poll(app)
    resolve = predictions.source.resolve

    def slow(*asked: Any) -> Any:
        found = resolve(*asked)
        client.patch(f"/api/v1/jobs/{job.id}", json={"tags": ["a"]}, content_type="application/merge-patch+json")
        poll(app)
        return found

    predictions.source.resolve = slow
    client.post("/api/v1/jobs/j/predict", json=ROW)
    predictions.source.resolve = resolve

    with statements(joined.database) as sent:
        client.post("/api/v1/jobs/j/predict", json=ROW)
    assert sent  # what was kept was old already
