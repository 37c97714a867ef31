"""Predictions of jobs over HTTP, on both databases: numbers in their units, classes, categories, faults of rows."""

import io

import numpy as np
import pytest
from flask.testing import FlaskClient
from safetensors.numpy import load

from services.wiring.base import Base
from tests.integration.api.test_jobs import trained
from tests.make import SMALL, train


def test_predictions_come_from_the_stored_weights_in_original_units(client: FlaskClient, joined: Base) -> None:
    job_id = trained(client, joined)
    weights = load(client.get(f"/api/v1/jobs/{job_id}/checkpoints/best/content").data)
    rows = np.array([[3.0, 0.0], [4.0, 1.0]])
    lists = client.post(f"/api/v1/jobs/{job_id}/predict", json={"x": rows.tolist()}).get_json()
    records = [{"x1": b, "x0": a, "other": "?"} for a, b in rows]
    named = client.post("/api/v1/jobs/small/predict?checkpoint=last", json={"records": records}).get_json()

    x, y = np.array(SMALL["data"]["x"]), np.array(SMALL["data"]["y"])
    scaled = (rows - x.mean(0)) / x.std(0) @ weights["model.weight"].T + weights["model.bias"]
    assert lists["predictions"] == pytest.approx((scaled[:, 0] * y.std() + y.mean()).tolist(), rel=1e-5)
    assert lists["checkpoint"]["selector"] == "best"
    assert named["warnings"][0]["columns"] == ["other"]


def test_classes_keep_their_kind_and_probabilities_their_order(client: FlaskClient, joined: Base) -> None:
    job_id = trained(client, joined, data={"builtin": "iris"}, model="mlp", split="random", batch_size=16)
    row = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}

    answer = client.post(f"/api/v1/jobs/{job_id}/predict", json={"records": [row]}).get_json()

    assert answer["classes"] == ["setosa", "versicolor", "virginica"]
    assert answer["predictions"][0] in answer["classes"]
    assert sum(answer["probabilities"][0]) == pytest.approx(1)
    assert answer["predictions"][0] == answer["classes"][int(np.argmax(answer["probabilities"][0]))]


def test_a_category_of_many_values_is_embedded_from_the_file_to_the_prediction(
    client: FlaskClient, joined: Base
) -> None:
    rows = "city,size,price\n" + "".join(f"c{n % 60},{n % 7}.5,{n % 60 / 10}\n" for n in range(360))
    spec = '{"data": {"target": "price"}, "model": "mlp", "epochs": 2, "task": "regression"}'
    form = {"data": (io.BytesIO(rows.encode()), "cities.csv"), "spec": spec}
    job = client.post("/api/v1/jobs", data=form).get_json()
    train(joined, job["id"])

    records = [{"city": "c7", "size": 1.5}, {"city": "nowhere", "size": 1.5}]
    answer = client.post(f"/api/v1/jobs/{job['id']}/predict", json={"records": records}).get_json()

    assert job["spec"]["data"]["columns"]["city"]["encoding"] == "embedding"
    assert len(answer["predictions"]) == 2
    assert [(warning["code"], warning["columns"]) for warning in answer["warnings"]] == [("unseen_category", ["city"])]


def test_a_number_without_a_vector_is_a_fault_of_the_prediction(client: FlaskClient, joined: Base) -> None:
    layers = [{"type": "embedding", "num": 5, "dim": 2}, "flatten", {"type": "linear", "out": "auto"}]
    data = {"x": [[float(n % 5)] for n in range(20)], "y": [n / 3 for n in range(20)], "scale": "none"}
    job_id = trained(client, joined, data=data, model={"type": "layers", "layers": layers}, task="regression")

    answer = client.post(f"/api/v1/jobs/{job_id}/predict", json={"x": [[5.0]]})

    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (422, "out_of_range")
