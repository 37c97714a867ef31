"""The schema that is published accepts what the service accepts, and no more."""

import jsonschema
import pytest

from api.bulk import CancelMany
from services.specs.parse.parser import read
from services.specs.schema.job import JobSpec
from services.specs.schema.json_schema import job_schema
from services.specs.schema.predict import Predict
from services.specs.schema.published import published

IRIS = {"builtin": "iris"}
ROWS = {"x": [[1], [2]], "y": [1, 2]}


def problems(spec: object) -> list[str]:
    """Return where the schema of a job refuses a spec."""
    return [error.json_path for error in jsonschema.Draft202012Validator(job_schema()).iter_errors(spec)]


@pytest.mark.parametrize(
    "spec",
    [
        {"model": "mlp"},
        {"model": {"type": "layers", "layers": ["relu", {"type": "linear", "out": "auto"}]}},
        {"model": "linear", "optimizer": "sgd", "loss": "mse", "scheduler": "cosine", "split": "none"},
        {"model": "linear", "monitor": "val_accuracy", "epochs": 3.0, "priority": -9.0},
        {"model": "linear", "data": ROWS},
        {"model": "linear", "data": {**ROWS, "x_val": [[3]], "y_val": [3], "x_test": None}},
    ],
    ids=lambda spec: str(spec)[:60],
)
def test_what_the_service_reads_is_in_the_schema(spec: dict[str, object]) -> None:
    whole = {"data": IRIS} | spec

    assert problems(whole) == []


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"model": "layers"}, "$.model"),  # needs its layers
        ({"model": {"hidden": [8]}}, "$.model"),  # of no type
        ({"model": "mlp", "data": {}}, "$.data"),
        ({"model": "mlp", "data": IRIS | {"dataset": "ds_1"}}, "$.data"),
        ({"model": "mlp", "data": {"x": [[1]]}}, "$.data"),
        ({"model": "mlp", "data": IRIS | {"x_val": [[1]], "y_val": [1]}}, "$.data"),
        ({"model": "mlp", "notes": "a\0b"}, "$.notes"),
        ({"model": "mlp", "metadata": {"a\0b": 1}}, "$.metadata"),
        ({"model": "mlp", "epochs": 2.5}, "$.epochs"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_the_service_refuses_is_not_in_the_schema(spec: dict[str, object], where: str) -> None:
    assert set(problems({"data": IRIS} | spec)) == {where}


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({}, False),
        ({"jobs": ["job_1"]}, True),
        ({"all": True}, True),
        ({"all": False}, False),
        ({"tag": "a", "reason": "over"}, True),
        ({"jobs": ["job_1"], "all": True}, False),
        ({"metadata": {}}, False),
        ({"jobs": None, "name": "a*"}, True),
    ],
    ids=str,
)
def test_a_cancel_of_many_names_its_jobs_in_one_way(body: dict[str, object], valid: bool) -> None:
    schema = CancelMany.model_json_schema()

    assert jsonschema.Draft202012Validator(schema).is_valid(body) == valid
    assert ((body.get("jobs") is not None) != CancelMany.model_validate(body).filtered) == valid


@pytest.mark.parametrize(
    ("body", "valid"),
    [({}, False), ({"x": [[1]]}, True), ({"x": [[1]], "records": [{}]}, False), ({"x": None, "records": [{}]}, True)],
    ids=str,
)
def test_a_prediction_is_asked_for_in_one_way(body: dict[str, object], valid: bool) -> None:
    assert jsonschema.Draft202012Validator(Predict.model_json_schema()).is_valid(body) == valid


def test_a_number_without_decimals_is_whole_where_a_whole_number_belongs_and_stays_as_it_is_elsewhere() -> None:
    spec = read(
        JobSpec, b'{"data": {"x": [[1.0], [2]], "y": [1.0, 2.0]}, "model": "linear", "epochs": 3.0, "seed": 7.0}'
    )

    assert (spec.epochs, spec.seed, spec.data.y) == (3, 7, [1.0, 2.0])
    assert [type(spec.epochs), type(spec.data.y[0] if spec.data.y else None)] == [int, float]


def test_words_that_only_look_like_schemas_stay_as_they_are() -> None:
    shape = {"type": "object", "properties": {"type": {"const": "a"}}, "default": {"type": "string"}}

    assert published({"shape": shape}) == {"shape": shape}
