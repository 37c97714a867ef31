"""A net is measured without its weights."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import TypeAdapter

from services.errors import Fault, InvalidRequest
from services.specs.schema.models import Model
from services.training.layer_summary import measure
from services.training.models import MODELS
from services.training.models.inputs import Inputs

TABLE = Inputs((6,), "multiclass")
PICTURES = Inputs((1, 28, 28), "multiclass")
AUTO = {"type": "linear", "out": "auto"}


def measured(model: Any, inputs: Inputs = TABLE, outputs: int = 3) -> dict[str, Any]:
    return measure(TypeAdapter(Model).validate_python(model), inputs, outputs)


def own(*layers: Any) -> dict[str, Any]:
    return {"type": "layers", "layers": list(layers)}


def fault_of(model: dict[str, Any], inputs: Inputs = TABLE) -> Fault:
    with pytest.raises(InvalidRequest) as caught:
        measured(model, inputs)
    (fault,) = caught.value.faults
    return fault


def test_a_summary_names_each_layer_its_shapes_and_its_parameters() -> None:
    assert measured({"type": "mlp", "hidden": [5], "norm": "batch", "dropout": 0.5}) == {
        "parameters": 35 + 10 + 18,
        "size_bytes": 4 * (35 + 10 + 18),
        "input_shape": [6],
        "output_shape": [3],
        "operations": 6 * 5 + 4 * 5 + 5 * 3,
        "kept_bytes": 4 * 31,
        "passing_bytes": 4 * (6 + 5),
        "layers": [
            {"type": "linear", "in": [6], "out": [5], "parameters": 6 * 5 + 5},
            {"type": "batch_norm", "in": [5], "out": [5], "parameters": 2 * 5},
            {"type": "relu", "in": [5], "out": [5], "parameters": 0},
            {"type": "dropout", "in": [5], "out": [5], "parameters": 0},
            {"type": "linear", "in": [5], "out": [3], "parameters": 5 * 3 + 3},
        ],
    }


def test_a_cnn_is_followed_picture_by_picture() -> None:
    layers = measured({"type": "cnn", "channels": [8, 4], "hidden": [10], "activation": "leaky_relu"}, PICTURES)[
        "layers"
    ]

    assert [(layer["type"], layer["out"]) for layer in layers] == [
        ("conv2d", [8, 28, 28]),
        ("leaky_relu", [8, 28, 28]),
        ("max_pool2d", [8, 14, 14]),
        ("conv2d", [4, 14, 14]),
        ("leaky_relu", [4, 14, 14]),
        ("max_pool2d", [4, 7, 7]),
        ("flatten", [196]),
        ("linear", [10]),
        ("leaky_relu", [10]),
        ("linear", [3]),
    ]


BINS = [torch.linspace(0.0, 1.0, 5), torch.tensor([0.0, 1.0])]


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ("linear", TABLE),
        ({"type": "mlp", "hidden": [6, 6], "residual": True, "norm": "layer"}, TABLE),
        ({"type": "mlp", "number_embedding": "piecewise"}, Inputs((5,), "multiclass", 2, BINS)),
        ({"type": "cnn", "norm": "layer", "pool": "avg"}, PICTURES),
        ("tabm", TABLE),
        ({"type": "tabm", "number_embedding": "piecewise"}, Inputs((5,), "multiclass", 2, BINS)),
        (own({"type": "repeat", "times": 3, "layers": [{"type": "linear", "out": 7}, "silu"]}, AUTO), TABLE),
        (own({"type": "embedding", "num": 9, "dim": 2}, "flatten", "layer_norm", AUTO), TABLE),
    ],
    ids=["linear", "residual", "embedded", "cnn", "tabm", "tabm embedded", "repeat", "embedding"],
)
def test_what_is_measured_is_what_is_built(model: Any, inputs: Inputs) -> None:
    spec: Any = TypeAdapter(Model).validate_python(model)

    found = measured(model, inputs)
    built = MODELS[spec.type](spec, inputs, 3)

    assert found["parameters"] == sum(parameter.numel() for parameter in built.parameters())
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    assert found["layers"][-1]["out"][-1] == 3


def test_a_number_embedding_is_one_layer() -> None:
    inputs = Inputs((5,), "regression", 2, BINS)
    first = measured({"type": "mlp", "number_embedding": "piecewise"}, inputs)["layers"][0]

    assert (first["in"], first["out"], first["parameters"]) == ([5], [2 * 8 + 3], 2 * 2 * 8 + 2 * 4 * 8)


def test_an_absurd_net_costs_no_memory_and_draws_no_random_number() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()

    found = measured({"type": "mlp", "hidden": [65_536] * 200})

    assert found["parameters"] > 199 * 65_536**2  # three terabytes, if they were there
    assert found["size_bytes"] == 4 * found["parameters"]
    assert torch.equal(torch.get_rng_state(), before)


extents = some.integers(1, 5)


@settings(deadline=None, max_examples=60)
@given(size=some.integers(1, 40), kernel=extents, stride=extents, padding=some.integers(0, 4), dilation=extents)
def test_convolutions_give_the_documented_size_or_are_refused(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    conv = {"out": 2, "kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    model = own({"type": "conv1d", **conv}, "flatten", AUTO)
    # Source: torch.nn.Conv1d, "Shape".
    wanted = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    inputs = Inputs((3, size), "multiclass")

    if wanted >= 1:
        assert measured(model, inputs)["layers"][0]["out"] == [2, wanted]
    else:
        fault = fault_of(model, inputs)
        assert fault.pointer == "#/model/layers/0/kernel_size"
        model["layers"][0]["kernel_size"] = fault.suggestion
        assert measured(model, inputs)["layers"][0]["out"][1] >= 1


@settings(deadline=None, max_examples=40)
@given(
    height=some.integers(1, 20),
    width=some.integers(1, 20),
    kernel=extents,
    stride=extents,
    kind=some.sampled_from(["max", "avg"]),
)
def test_pools_give_the_documented_size_or_are_refused(
    height: int, width: int, kernel: int, stride: int, kind: str
) -> None:
    model = own({"type": f"{kind}_pool2d", "kernel_size": kernel, "stride": stride}, "flatten", AUTO)
    inputs = Inputs((2, height, width), "multiclass")

    if kernel <= min(height, width):
        # Source: torch.nn.MaxPool2d, "Shape", without padding and dilation.
        sizes = [(size - kernel) // stride + 1 for size in (height, width)]
        assert measured(model, inputs)["layers"][0]["out"] == [2, *sizes]
    else:
        assert fault_of(model, inputs).suggestion == min(height, width)


def test_a_convolution_may_give_the_outputs() -> None:
    conv = {"type": "conv2d", "out": "auto", "kernel_size": 1}
    found = measured(own(conv, {"type": "adaptive_avg_pool2d", "output_size": 1}, "flatten"), PICTURES, 10)

    assert found["layers"][-1]["out"] == [10]
