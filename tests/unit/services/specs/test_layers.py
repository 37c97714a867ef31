"""A net of one's own is checked layer by layer, and each fault has its place."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.errors import Fault
from services.specs.parse.faults import faults_of
from services.specs.schema.layers import Layer
from services.specs.schema.models import Model

#: The allow-list of the interface, with the least that each needs.
ALLOWED: dict[str, dict[str, Any]] = {
    "linear": {"out": 3},
    "conv1d": {"out": 3, "kernel_size": 3},
    "conv2d": {"out": 3, "kernel_size": 3},
    "lstm": {"out": 3},
    "max_pool1d": {"kernel_size": 2},
    "max_pool2d": {"kernel_size": 2},
    "avg_pool1d": {"kernel_size": 2},
    "avg_pool2d": {"kernel_size": 2},
    "adaptive_avg_pool1d": {"output_size": 1},
    "adaptive_avg_pool2d": {"output_size": 1},
    "batch_norm": {},
    "layer_norm": {},
    "group_norm": {"groups": 2},
    "dropout": {},
    "relu": {},
    "gelu": {},
    "silu": {},
    "tanh": {},
    "sigmoid": {},
    "leaky_relu": {},
    "elu": {},
    "softplus": {},
    "flatten": {},
    "unflatten": {"shape": [1, 4]},
    "embedding": {"num": 5, "dim": 2},
    "residual": {"layers": ["relu"]},
    "repeat": {"times": 2, "layers": ["relu"]},
}


class Part(BaseModel):
    """The part of a job spec that names a model."""

    model: Model


def net(*layers: Any) -> Any:
    return Part.model_validate({"model": {"type": "layers", "layers": list(layers)}}).model


def faults(model: dict[str, Any]) -> list[Fault]:
    data = {"model": model}
    with pytest.raises(ValidationError) as caught:
        Part.model_validate(data)
    return faults_of(caught.value, data, Part)


def test_the_layers_are_those_of_the_allow_list() -> None:
    branches = Layer.__args__[0].__args__

    assert {branch.model_fields["type"].default for branch in branches} == set(ALLOWED)


@pytest.mark.parametrize("name", ALLOWED)
def test_each_layer_is_accepted_told_and_read_again(name: str) -> None:
    layer = TypeAdapter(Layer).validate_python({"type": name, **ALLOWED[name]})

    assert layer.type == name
    assert TypeAdapter(Layer).validate_python(layer.model_dump(mode="json")) == layer
    assert all(field.description for key, field in type(layer).model_fields.items() if key != "type")


@pytest.mark.parametrize("name", [name for name, needed in ALLOWED.items() if not needed])
def test_a_bare_name_is_a_layer_with_its_defaults(name: str) -> None:
    assert net(name) == net({"type": name})
    assert net({"type": "residual", "layers": [name]}) == net({"type": "residual", "layers": [{"type": name}]})


@pytest.mark.parametrize(
    ("layers", "pointer", "code", "suggestion"),
    [
        ([{"type": "conv2d", "out": 8}], "#/model/layers/0/kernel_size", "missing", None),
        (["linear"], "#/model/layers/0/out", "missing", None),
        (["relu", "relo"], "#/model/layers/1", "unknown_value", "relu"),
        ([{"type": "drop_out"}], "#/model/layers/0/type", "unknown_value", "dropout"),
        ([{"type": "dropout", "q": 0.1}], "#/model/layers/0/q", "unknown_key", None),
        ([{"type": "dropout", "p": 1.0}], "#/model/layers/0/p", "out_of_range", None),
        ([{"type": "linear", "out": "atuo"}], "#/model/layers/0/out", "unknown_value", "auto"),
        ([{"type": "linear", "out": 65_537}], "#/model/layers/0/out", "out_of_range", None),
        ([{"type": "unflatten", "shape": [4]}], "#/model/layers/0/shape", "too_short", None),
        ([], "#/model/layers", "too_short", None),
        (["relu", {"type": "residual", "layers": []}], "#/model/layers/1/layers", "too_short", None),
        (
            ["relu", {"type": "residual", "layers": ["relu", {"type": "repeat", "times": 2, "layers": ["sulu"]}]}],
            "#/model/layers/1/layers/1/layers/0",
            "unknown_value",
            "silu",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(layers: list[Any], pointer: str, code: str, suggestion: str | None) -> None:
    (fault,) = faults({"type": "layers", "layers": layers})

    assert (fault.pointer, fault.code, fault.suggestion) == (pointer, code, suggestion)


def repeated(times: int, *layers: Any) -> dict[str, Any]:
    return {"type": "repeat", "times": times, "layers": list(layers)}


def test_layers_are_counted_as_often_as_they_are_repeated() -> None:
    most = repeated(10, repeated(10, "relu", {"type": "residual", "layers": ["relu"]}))

    net(most)
    (fault,) = faults({"type": "layers", "layers": [most, "relu"]})
    (wild,) = faults({"type": "layers", "layers": [repeated(200, repeated(200, repeated(200, "relu")))]})

    assert (fault.pointer, fault.detail) == ("#/model/layers", "makes 201 layers; must be at most 200")
    assert wild.detail == "makes 8000000 layers; must be at most 200"


@pytest.mark.parametrize(
    ("model", "pointer"),
    [
        ({"type": "mlp", "hidden": [64, 32], "residual": True}, "#/model"),
        ({"type": "mlp", "hidden": []}, "#/model/hidden"),
        ({"type": "mlp", "norm": "group"}, "#/model/norm"),
        ({"type": "cnn", "kernel_size": 4}, "#/model/kernel_size"),
        ({"type": "cnn", "channels": []}, "#/model/channels"),
        ({"type": "tabm", "k": 0}, "#/model/k"),
        ({"type": "tabm", "number_embedding": "linear"}, "#/model/number_embedding"),
        ({"type": "plugin"}, "#/model/name"),
    ],
    ids=str,
)
def test_a_model_that_can_not_be_is_told_at_its_place(model: dict[str, Any], pointer: str) -> None:
    (fault,) = faults(model)

    assert fault.pointer == pointer


@pytest.mark.parametrize("name", ["linear", "mlp", "cnn", "tabm"])
def test_a_model_with_defaults_is_named_by_its_type_alone(name: str) -> None:
    assert Part.model_validate({"model": name}) == Part.model_validate({"model": {"type": name}})


def test_a_plug_in_takes_any_parameters() -> None:
    plugin = Part.model_validate({"model": {"type": "plugin", "name": "acme-tabnet", "params": {"steps": 3}}}).model

    assert plugin.model_dump() == {"type": "plugin", "name": "acme-tabnet", "params": {"steps": 3}}
