"""Merge patches are those of RFC 7396."""

from typing import Any

import pytest

from services.specs.parse.merge_patch import differences, merged

#: RFC 7396, appendix A.
CASES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), CASES)
def test_the_examples_of_the_standard_come_out_as_it_says(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


def test_a_patch_leaves_its_target_as_it_was() -> None:
    target = {"a": {"b": 1}}

    merged(target, {"a": {"b": 2}})

    assert target == {"a": {"b": 1}}


def test_differences_name_each_place_by_its_pointer() -> None:
    old = {"optimizer": {"lr": 0.1, "a/b": 1}, "epochs": 3, "layers": [1, 2]}
    new = {"optimizer": {"lr": 0.01, "a/b": 1}, "layers": [1, 3], "seed": 5}

    assert differences(old, new) == [
        {"pointer": "#/epochs", "from": 3, "to": None},
        {"pointer": "#/layers", "from": [1, 2], "to": [1, 3]},
        {"pointer": "#/optimizer/lr", "from": 0.1, "to": 0.01},
        {"pointer": "#/seed", "from": None, "to": 5},
    ]
