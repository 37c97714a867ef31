"""Rows of a request become the cells of training, or faults with their places."""

from typing import Any

import numpy as np
import pytest
import torch

from services.errors import InvalidRequest
from services.predictions.decoder import cells_of
from services.predictions.encoder import labels_of
from services.predictions.outputs import Outputs
from services.specs.schema.predict import Predict
from services.training.input.column_inputs import Input
from services.training.input.preprocessing import Preprocessing
from services.training.predictor import Predictor
from tests.make import make_training

COLUMNS = [
    Input("size", "number", None, None),
    Input("city", "category", ["Bonn", "Ulm"], kept=[0.0, 1.0], unseen="error"),
    Input("new", "boolean", [False, True], None),
]
PREPROCESSING = Preprocessing("multiclass", "cross_entropy", COLUMNS, ["y"], [], ["a", 2, True], [0.0, 1.0, 2.0])


def faults(**rows: Any) -> list[tuple[str, str]]:
    """Where and what is wrong with rows."""
    with pytest.raises(InvalidRequest) as refused:
        cells_of(Predict(**rows), PREPROCESSING)
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


def test_lists_and_records_give_the_same_cells_in_the_order_of_training() -> None:
    lists, _ = cells_of(Predict(x=[[1.5, "Ulm", True], [2, "Bonn", False]]), PREPROCESSING)
    records = [{"new": True, "city": "Ulm", "size": 1.5, "y": "a"}, {"size": 2, "city": "Bonn", "new": False}]
    named, warnings = cells_of(Predict(records=records), PREPROCESSING)

    assert lists.tolist() == named.tolist() == [[1.5, 1.0, 1.0], [2.0, 0.0, 0.0]]
    assert lists.dtype == np.float32
    assert [warning["columns"] for warning in warnings] == [["y"]]


def test_every_value_of_no_use_is_named() -> None:
    assert faults(x=[[1, "Ulm", True], [1, "Ulm"]]) == [("#/x/1", "shape_mismatch")]
    assert faults(x=[["one", "Um", 2]]) == [
        ("#/x/0/0", "wrong_type"),
        ("#/x/0/1", "unseen_value"),
        ("#/x/0/2", "unseen_value"),
    ]
    assert faults(records=[{"size": None, "city": "Ulm"}]) == [
        ("#/records/0/size", "missing_values"),
        ("#/records/0/new", "missing"),
    ]


def test_an_unseen_value_comes_with_the_closest_known_one() -> None:
    with pytest.raises(InvalidRequest) as refused:
        cells_of(Predict(x=[[1, "Ulmm", True]]), PREPROCESSING)

    assert refused.value.faults[0].suggestion == "Ulm"


def test_labels_keep_their_kind_and_one_target_is_flat() -> None:
    probabilities = torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.2, 0.3], [0.1, 0.8, 0.1]])

    assert labels_of(probabilities, PREPROCESSING) == [True, "a", 2]
    assert Outputs(values=torch.tensor([[1.0], [2.0]])).predictions == [1.0, 2.0]
    assert Outputs(values=torch.tensor([[1.0, 2.0]])).predictions == [[1.0, 2.0]]


def test_a_number_that_is_an_unseen_category_is_said_as_well() -> None:
    columns = [Input("floor", "number", [0.1, 2], kept=[0.1, 2.0])]
    preprocessing = Preprocessing("multiclass", "cross_entropy", columns, ["y"], [], ["a", "b", "c"], [0.0, 1.0, 2.0])

    _, silent = cells_of(Predict(x=[[0.1], [2]]), preprocessing)
    _, warnings = cells_of(Predict(x=[[0.1], [3]]), preprocessing)

    assert silent == []
    assert [(warning["code"], warning["columns"]) for warning in warnings] == [("unseen_category", ["floor"])]


def test_a_number_that_an_embedding_has_no_vector_for_is_a_fault_of_the_request() -> None:
    layers = [{"type": "embedding", "num": 5, "dim": 2}, "flatten", {"type": "linear", "out": "auto"}]
    data = {"x": [[float(n % 5)] for n in range(20)], "y": [float(n % 5) for n in range(20)], "scale": "none"}
    training = make_training(data=data, model={"type": "layers", "layers": layers}, task="regression")
    list(training.fit())
    training.keep_best()
    predictor = Predictor.from_bytes(training.best_bytes())

    assert predictor.values(np.float32([[4]])).isfinite().all()
    for number in (-1, 5):
        with pytest.raises(InvalidRequest, match="without a vector"):
            predictor.values(np.float32([[number]]))
