"""Columns of many categories are embedded where the model can, and what can't be looked up is told at submit."""

from typing import Any

import pytest

from services.columns import Column, TableInfo
from services.errors import InvalidRequest
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.resolved import Resolved, resolved_json
from services.specs.schema.job import JobSpec
from services.training.model_summary import summary


def category(name: str, values: int) -> Column:
    return Column(name, "category", values=[f"v{n:04}" for n in range(values)], counts=[3] * values)


SMALL, CITY, STREET = category("small", 50), category("city", 51), category("street", 300)
AGE = Column("age", "number", min=0.0, max=99.0, values=list(range(100)), counts=[9] * 100, whole=True)
PRICE = Column("price", "number", min=-2.0, max=900.0)
TABLE = TableInfo(900, [SMALL, CITY, STREET, AGE, PRICE])
EMBEDDING = {"type": "embedding", "num": 100, "dim": 4}
END: list[Any] = ["flatten", {"type": "linear", "out": "auto"}]


def resolved(model: Any = "mlp", info: TableInfo = TABLE, **data: Any) -> Resolved:
    data = {"builtin": "iris", "target": "price", **data}
    spec = JobSpec.model_validate({"data": data, "model": model, "task": "regression"})
    limits = Limits(epochs=1000, parameters=10_000_000)
    return resolve(spec, Facts(info, limits, ModelSizes(summary)))


def encodings(found: Resolved) -> dict[str, str]:
    return {name: chosen.encoding for name, chosen in found.spec.data.columns.items()}


@pytest.mark.parametrize("model", ["mlp", "tabm"])
def test_a_column_of_more_than_50_values_is_embedded_and_the_spec_says_so(model: str) -> None:
    assert encodings(resolved(model)) == {"city": "embedding", "street": "embedding"}


@pytest.mark.parametrize("model", ["linear", {"type": "layers", "layers": END}])
def test_other_models_keep_their_inputs(model: Any) -> None:
    assert resolved(model).spec.data.columns == {}


def test_resolving_again_changes_nothing() -> None:
    echo = resolved_json(resolved().spec)
    again = resolved(**{key: echo["data"][key] for key in ("features", "columns", "scale")})

    assert again.spec.data == resolved().spec.data


@pytest.mark.parametrize(
    ("chosen", "encoding"),
    [
        ({"encoding": "one_hot"}, "one_hot"),
        ({"max_categories": 50}, "auto"),
        ({"max_categories": 60}, "embedding"),
    ],
)
def test_a_column_may_stay_one_hot(chosen: dict[str, Any], encoding: str) -> None:
    assert encodings(resolved(columns={"street": chosen}))["street"] == encoding


def test_numbers_that_are_categories_may_be_embedded_as_well() -> None:
    assert encodings(resolved(columns={"age": {"type": "category"}}))["age"] == "embedding"


@pytest.mark.parametrize(
    ("model", "column", "says"),
    [
        ("linear", "street", "a linear model has no embeddings of categories; mlp and tabm have"),
        ({"type": "layers", "layers": END}, "street", "a layers model has no"),
        ("mlp", "age", "'age' does not hold categories"),
    ],
)
def test_an_embedding_that_can_not_be_is_told(model: Any, column: str, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        resolved(model, columns={column: {"encoding": "embedding"}})

    (fault,) = refused.value.faults
    assert fault.pointer == f"#/data/columns/{column}/encoding"
    assert fault.detail.startswith(says)


def test_the_parameters_of_an_embedded_column_follow_its_formula() -> None:
    model = {"type": "mlp", "hidden": [8], "number_embedding": None}
    width = round(1.6 * 300**0.56)

    found = resolved(model, features=["street", "age"]).model_summary

    assert width == 39
    assert found["parameters"] == 301 * width + (width + 1) * 8 + 8 + 8 + 1
    assert found["input_shape"] == [2]
    assert found["layers"][0] == {"type": "embedded_categories", "in": [2], "out": [40], "parameters": 301 * width}


@pytest.mark.parametrize(
    ("layers", "data", "pointer", "says"),
    [
        ([EMBEDDING, *END], {}, "#/model/layers/0", "column 'age' is scaled (standard)"),
        ([EMBEDDING | {"num": 99}, *END], {"scale": "none"}, "#/model/layers/0/num", "is 99, for the numbers 0 to 98"),
        (["flatten", EMBEDDING | {"num": 9}, *END], {"scale": "none"}, "#/model/layers/1/num", "is 9, for the"),
        (["relu", EMBEDDING, *END], {"scale": "none"}, "#/model/layers/1", "gets the output of other layers"),
        (
            [{"type": "residual", "layers": [EMBEDDING | {"num": 7}, "flatten", {"type": "linear", "out": 1}]}, *END],
            {"scale": "none"},
            "#/model/layers/0/layers/0/num",
            "is 7, for the numbers 0 to 6",
        ),
        (
            [{"type": "repeat", "times": 2, "layers": [EMBEDDING, "flatten"]}, *END],
            {"scale": "none"},
            "#/model/layers/0/layers/0",
            "gets the output of other layers",
        ),
        ([EMBEDDING | {"num": 1}, *END], {"features": ["small"]}, "#/model/layers/0/num", "is 1, for the numbers 0 to"),
    ],
)
def test_numbers_that_an_embedding_has_no_vector_for_are_told_at_the_layer(
    layers: list[Any], data: dict[str, Any], pointer: str, says: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        resolved({"type": "layers", "layers": layers}, **{"features": ["age"], **data})

    (fault,) = refused.value.faults
    assert fault.pointer == pointer
    assert fault.detail.startswith(says)


def test_numbers_below_0_are_told_too() -> None:
    layers = {"type": "layers", "layers": [EMBEDDING | {"num": 1000}, *END]}
    with pytest.raises(InvalidRequest) as refused:
        resolved(layers, features=["price"], target="age", scale="none")

    assert "goes down to -2" in refused.value.faults[0].detail


def test_an_embedding_of_all_numbers_that_are_there_is_taken() -> None:
    found = resolved({"type": "layers", "layers": [EMBEDDING, *END]}, features=["age"], scale="none")

    assert found.model_summary["parameters"] == 100 * 4 + 4 + 1
