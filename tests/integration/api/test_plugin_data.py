"""Jobs on a plug-in's Dataset over HTTP: looked at when they are submitted, answered in the shape of its features."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.settings import Settings
from services.wiring.base import Base
from tests.make import train
from tests.plugins.install import install

JOBS = "/api/v1/jobs"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an operator who has installed plug-ins, and allows them."""
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages)
    monkeypatch.syspath_prepend(packages)
    return replace(settings, plugins="spirals, odd, pictures, nowhere")


def job(name: str = "spirals", params: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """A small job on a plug-in's data."""
    return {"data": {"plugin": {"name": name, "params": params or {}}}, "model": "linear", "epochs": 2, **parts}


def test_a_submit_knows_shapes_and_rows_and_its_spec_submits_the_same(client: FlaskClient, joined: Base) -> None:
    first = client.post(JOBS, json=job(params={"points": 100}))
    body = first.get_json()
    again = client.post(JOBS, json=body["spec"])
    one, other = (joined.jobs.lookup.get("local", answer.get_json()["id"]) for answer in (first, again))

    assert (first.status_code, again.status_code) == (202, 202), again.text
    assert body["spec"]["data"]["plugin"] == {"name": "spirals", "params": {"points": 100}}
    assert (body["model_summary"]["input_shape"], body["model_summary"]["parameters"]) == ([2], 3)
    assert again.get_json()["spec"] == body["spec"]
    assert one.data.id == other.data.id


@pytest.mark.parametrize(
    ("plugin", "code", "pointer", "words"),
    [
        ({"name": "elsewhere"}, "unknown_value", "#/data/plugin/name", "not a plug-in that the operator allows"),
        ({"name": "nowhere"}, "plugin_error", "#/data/plugin", "is not installed here"),
        ({"name": "odd", "params": {"fault": "init"}}, "plugin_error", "#/data/plugin", "ValueError: asked to fail"),
        ({"name": "odd", "params": {"fault": "len"}}, "plugin_error", "#/data/plugin", "at len(): LookupError"),
        ({"name": "odd", "params": {"fault": "item"}}, "plugin_error", "#/data/plugin", "at item 0: OSError"),
        ({"name": "odd", "params": {"length": 0}}, "plugin_error", "#/data/plugin", "has no items"),
        ({"name": "odd", "params": {"colour": 1}}, "plugin_error", "#/data/plugin", "TypeError"),
        ({}, "missing", "#/data/plugin/name", "is missing"),
        ({"name": "odd", "parms": {}}, "unknown_key", "#/data/plugin/parms", "is not a known key"),
    ],
)
def test_a_plugin_that_can_not_be_used_is_refused_at_the_submit(
    client: FlaskClient, plugin: dict[str, Any], code: str, pointer: str, words: str
) -> None:
    answer = client.post(JOBS, json={"data": {"plugin": plugin}, "model": "linear"})
    error = answer.get_json()["errors"][0]

    assert answer.status_code == 422
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert words in error["detail"]


def test_the_features_of_a_prediction_have_the_items_shape(client: FlaskClient, joined: Base) -> None:
    job_id = client.post(JOBS, json=job("pictures", model={"type": "cnn", "channels": [2]})).get_json()["id"]
    train(joined, job_id)
    picture = [[[0.5] * 4] * 4]
    predict = f"{JOBS}/{job_id}/predict"

    answer = client.post(predict, json={"x": [picture, picture]})
    wrong = client.post(
        predict, json={"x": [picture, [[[0.5] * 4] * 3], [[[0.5] * 4, [0.5] * 4, [0.5] * 4, [True] * 4]]]}
    )
    flat = client.post(predict, json={"x": [[0.5] * 16]})
    records = client.post(predict, json={"records": [{"x": 1}]})

    assert answer.status_code == 200, answer.text
    assert len(answer.get_json()["predictions"]) == 2
    assert [(error["pointer"], error["code"]) for error in wrong.get_json()["errors"]] == [
        ("#/x/1/0", "shape_mismatch"),
        *((f"#/x/2/0/3/{n}", "wrong_type") for n in range(4)),
    ]
    assert flat.get_json()["errors"][0]["pointer"] == "#/x/0"
    assert records.get_json()["errors"][0]["pointer"] == "#/records"


def test_lists_in_lists_are_refused_where_a_table_has_one_value(client: FlaskClient, joined: Base) -> None:
    job_id = client.post(JOBS, json={"data": {"builtin": "iris"}, "model": "linear", "epochs": 1}).get_json()["id"]
    train(joined, job_id)

    answer = client.post(f"{JOBS}/{job_id}/predict", json={"x": [[1.0, [2.0], 3.0, 4.0]]})

    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "#/x/0/1"


def test_a_plugins_data_set_has_no_file_and_goes_with_its_last_job(client: FlaskClient) -> None:
    submitted = client.post(JOBS, json=job()).get_json()
    dataset_id = client.get(f"{JOBS}").get_json()["data"][0]["dataset"]["id"]
    here = f"/api/v1/datasets/{dataset_id}"

    shown = client.get(here).get_json()
    statuses = [client.get(f"{here}/{part}").status_code for part in ("rows", "content")]
    named = client.post(JOBS, json={"data": {"dataset": dataset_id}, "model": "linear"})
    client.delete(f"{JOBS}/{submitted['id']}?force=true")

    assert (shown["rows"], shown["format"]) == (400, "plugin")
    assert shown["columns"] == [
        {"name": "x", "type": "tensor", "missing": 0, "shape": [2]},
        {"name": "y", "type": "category", "missing": 0, "categories": {"left": None, "right": None}},
    ]
    assert statuses == [404, 404]
    assert named.status_code == 422
    assert named.get_json()["errors"][0]["pointer"] == "#/data/dataset"
    assert client.get(here).status_code == 404
