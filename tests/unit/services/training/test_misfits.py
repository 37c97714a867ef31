"""A net that does not fit its rows or its outputs is told at the layer, with what would fit."""

from typing import Any

import pytest
from torch import nn

from services.training.models import MODELS
from services.training.models.inputs import Inputs
from tests.unit.services.training.test_measuring import AUTO, PICTURES, TABLE, fault_of, own

CONV = {"type": "conv2d", "out": 32, "kernel_size": 3}


POOL = {"type": "max_pool2d", "kernel_size": 3}


@pytest.mark.parametrize(
    ("layers", "inputs", "pointer", "words", "suggestion"),
    [
        (
            [CONV, POOL, CONV, {"type": "conv2d", "out": 8, "kernel_size": 9}],
            PICTURES,
            "#/model/layers/3/kernel_size",
            "gets (batch, 32, 6, 6), and a kernel of 9 does not fit",
            6,
        ),
        (
            [{"type": "conv2d", "out": 8, "kernel_size": 3, "groups": 2}],
            PICTURES,
            "#/model/layers/0/groups",
            "gets (batch, 1, 28, 28), and 2 groups do not divide 1 evenly",
            1,
        ),
        (
            [CONV, {"type": "group_norm", "groups": 12}],
            PICTURES,
            "#/model/layers/1/groups",
            "gets (batch, 32, 26, 26), and 12 groups do not divide 32 evenly",
            8,
        ),
        (
            [{"type": "group_norm", "groups": 6}],
            TABLE,
            "#/model/layers/0/groups",
            "gets (batch, 6), and a group of one value has no spread to divide by",
            None,
        ),
        (
            [{"type": "conv1d", "out": 8, "kernel_size": 3}],
            PICTURES,
            "#/model/layers/0",
            "gets (batch, 1, 28, 28), and conv1d takes (batch, channels, length)",
            "conv2d",
        ),
        (
            ["relu", POOL],
            TABLE,
            "#/model/layers/1",
            "gets (batch, 6), and max_pool2d takes (batch, channels, height",
            None,
        ),
        (
            [CONV, "flatten", POOL],
            PICTURES,
            "#/model/layers/2",
            "gets (batch, 21632), and max_pool2d takes (batch, channels, height, width)",
            None,
        ),
        (
            [{"type": "conv2d", "out": 8, "kernel_size": 3, "stride": 2, "padding": "same"}],
            PICTURES,
            "#/model/layers/0/padding",
            "a stride of 2 can't keep the size",
            0,
        ),
        (
            [{"type": "conv2d", "out": 8, "kernel_size": 4, "padding": "same"}],
            PICTURES,
            "#/model/layers/0/kernel_size",
            "a kernel of 4 is even",
            3,
        ),
        (
            [{"type": "unflatten", "shape": [2, 4]}],
            TABLE,
            "#/model/layers/0/shape",
            "gets (batch, 6), and 2 x 4 is 8",
            None,
        ),
        ([{"type": "unflatten", "shape": [7, 112]}], PICTURES, "#/model/layers/0", "which is not flat", None),
        (
            ["relu", "relu", {"type": "residual", "layers": [{"type": "linear", "out": 128}]}],
            TABLE,
            "#/model/layers/2",
            "gets (batch, 6), and its layers give (batch, 128), which can't be added to it",
            None,
        ),
        (
            ["relu", "relu", {"type": "residual", "layers": [CONV]}],
            TABLE,
            "#/model/layers/2/layers/0",
            "gets (batch, 6), and conv2d takes",
            None,
        ),
        # The third round gets what two have halved.
        (
            [{"type": "repeat", "times": 3, "layers": ["relu", {"type": "residual", "layers": ["relu"]}, POOL]}, POOL],
            PICTURES,
            "#/model/layers/1/kernel_size",
            "gets (batch, 1, 1, 1), and a kernel of 3 does not fit",
            1,
        ),
        (
            [{"type": "repeat", "times": 4, "layers": [{"type": "repeat", "times": 1, "layers": [POOL]}]}],
            PICTURES,
            "#/model/layers/0/layers/0/layers/0/kernel_size",
            "gets (batch, 1, 1, 1), and a kernel of 3 does not fit",
            1,
        ),
        (
            [{"type": "embedding", "num": 4, "dim": 2}, "batch_norm"],
            PICTURES,
            "#/model/layers/1",
            "gets (batch, 1, 28, 28, 2), and torch says: expected 2D or 3D input",
            None,
        ),
        ([{"type": "embedding", "num": 4, "dim": 65_536}] * 4, TABLE, "#/model/layers/3", "and torch says:", None),
        (
            [{"type": "linear", "out": 64}],
            TABLE,
            "#/model/layers/0/out",
            "gives (batch, 64); the last layer must give (batch, 3)",
            "auto",
        ),
        (["relu"], TABLE, "#/model/layers/0", "gives (batch, 6); the last layer must give (batch, 3)", None),
        ([CONV, AUTO], PICTURES, "#/model/layers/1", "gives (batch, 32, 26, 3); the last layer must give", None),
    ],
)
def test_a_net_that_does_not_fit_is_told_at_the_layer(
    layers: list[Any], inputs: Inputs, pointer: str, words: str, suggestion: Any
) -> None:
    fault = fault_of(own(*layers), inputs)

    assert (fault.pointer, fault.suggestion, fault.code) == (pointer, suggestion, "shape_mismatch")
    assert words in fault.detail


@pytest.mark.parametrize(
    ("layers", "inputs", "hint"),
    [
        ([{"type": "conv1d", "out": 8, "kernel_size": 3}], TABLE, "unflatten"),
        ([CONV, AUTO], PICTURES, '"flatten" before the last linear layer'),
        (["relu"], TABLE, 'end with {"type": "linear", "out": "auto"}'),
        ([{"type": "unflatten", "shape": [7, 112]}], PICTURES, 'put "flatten" before it'),
    ],
    ids=["flat for a convolution", "not flat at the end", "no outputs", "not flat"],
)
def test_a_hint_says_what_to_do(layers: list[Any], inputs: Inputs, hint: str) -> None:
    assert hint in str(fault_of(own(*layers), inputs).hint)


def test_a_table_sent_to_a_cnn_is_told_at_the_model() -> None:
    fault = fault_of({"type": "cnn"})

    assert (fault.pointer, fault.suggestion) == ("#/model", "mlp")


def test_a_net_of_other_peoples_code_must_give_the_outputs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "linear", lambda spec, inputs, outputs: nn.Linear(6, 4))

    fault = fault_of({"type": "linear"})

    assert (fault.pointer, fault.detail) == ("#/model", "gives (batch, 4); must give (batch, 3)")
