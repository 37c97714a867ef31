"""The fields of the form and its JSON are two sides of one spec."""

import json
from typing import Any

import pytest

from api.pages import spec_form
from services.errors import InvalidRequest

IRIS = {"builtin": "iris", "model": "mlp"}


def made(**form: str) -> dict[str, Any]:
    """Return the spec of a form."""
    return spec_form.spec_of(IRIS | form)


def test_what_is_left_empty_is_left_to_the_service() -> None:
    assert made() == {"data": {"builtin": "iris"}, "model": {"type": "mlp"}}


def test_each_field_has_its_place_in_the_spec_and_is_read_back() -> None:
    form = {
        "hidden": "8, 4",
        "epochs": "5",
        "lr": "0.01",
        "device": "cpu",
        "name": "one",
        "optimizer": "sgd",
        "loss": "cross_entropy",
        "batch_size": "16",
        "validation": "0.25",
        "patience": "3",
        "seed": "7",
    }

    spec = made(**form)

    assert spec == {
        "data": {"builtin": "iris"},
        "model": {"type": "mlp", "hidden": [8, 4]},
        "epochs": 5,
        "optimizer": {"type": "sgd", "lr": 0.01},
        "device": "cpu",
        "name": "one",
        "loss": {"type": "cross_entropy"},
        "batch_size": 16,
        "split": {"type": "random", "validation": 0.25},
        "early_stopping": {"patience": 3},
        "seed": 7,
    }
    assert spec_form.fields_of(spec) == form | {"model": "mlp", "target": ""}


def test_keys_that_have_no_field_stay_while_fields_change() -> None:
    base = {"gradient_clip": {"norm": 1.0}, "split": {"type": "time", "column": "when"}, "early_stopping": False}

    spec = made(spec=json.dumps(base), epochs="9")

    assert {name: spec[name] for name in base} == base
    assert spec["epochs"] == 9


def test_another_model_has_none_of_the_old_ones_arguments() -> None:
    base = {"model": {"type": "mlp", "hidden": [8], "dropout": 0.5}}

    assert made(spec=json.dumps(base), hidden="8")["model"] == {"type": "mlp", "hidden": [8], "dropout": 0.5}
    assert made(spec=json.dumps(base), model="linear", hidden="8")["model"] == {"type": "linear"}


def test_json_that_was_edited_last_is_taken_as_it_is() -> None:
    text = json.dumps({"data": {"builtin": "wine"}, "model": "linear"})

    assert made(spec=text, edited="json", epochs="9") == json.loads(text)


@pytest.mark.parametrize(
    ("form", "pointer", "says"),
    [
        ({"epochs": "many"}, "#/epochs", "'many' is not a whole number"),
        ({"lr": "fast"}, "#/optimizer/lr", "'fast' is not a number"),
        ({"spec": '{"a": 1,\n "b": }'}, "#", "line 2, column 7"),
        ({"spec": "[1]"}, "#", "is not a JSON object"),
    ],
)
def test_a_fault_names_its_place(form: dict[str, str], pointer: str, says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        made(**form)

    fault = caught.value.faults[0]
    assert fault.pointer == pointer
    assert says in fault.detail
