"""Which data makes a result worth less, and which does not."""

from typing import Any

import numpy as np
import pytest

from tests.make import make_training

R = np.random.default_rng(5)
NOISE = R.normal(size=(200, 3))


def codes(x: Any, y: Any, columns: Any = None, **spec: Any) -> list[str]:
    """Return the codes of the warnings that a training finds in its data."""
    given = [[cell.item() if isinstance(cell, np.generic) else cell for cell in row] for row in x]
    training = make_training(data={"x": given, "y": list(y), "columns": columns or {}}, **spec)
    return [warning["code"] for warning in training.warnings]


def test_data_without_a_sign_has_no_warning() -> None:
    assert codes(NOISE, NOISE @ [1.0, 2.0, 3.0]) == []
    assert codes(NOISE, ["ab"[int(v > 0)] for v in NOISE.sum(1)]) == []


def test_a_constant_target_is_told() -> None:
    assert codes(NOISE, [5.5] * 200) == ["constant_target"]


def test_a_copy_of_the_target_on_another_scale_is_told() -> None:
    y = NOISE @ [1.0, 2.0, 3.0]

    assert codes(np.column_stack([NOISE, 1.8 * y + 32]), y) == ["possible_leakage"]


def test_a_feature_that_parts_the_classes_is_told() -> None:
    y = R.permutation(["a"] * 90 + ["b"] * 70 + ["c"] * 40)
    known_later = np.array([{"a": 0.0, "b": 2.0, "c": 4.0}[v] for v in y]) + R.uniform(0, 1, 200)

    assert codes(np.column_stack([NOISE, known_later]), y.tolist()) == ["possible_leakage"]


def test_categories_that_name_the_class_are_told() -> None:
    y = R.permutation(["sick"] * 120 + ["well"] * 80)
    drug = [{"sick": [1, 4], "well": [2, 3]}[v][n % 2] for n, v in enumerate(y)]
    data = {"columns": {"x3": {"type": "category"}}}

    assert codes(np.column_stack([NOISE, drug]), y.tolist(), **data) == ["possible_leakage"]
    assert codes(np.column_stack([NOISE, R.permutation(drug)]), y.tolist(), **data) == []


def test_few_rows_and_a_rare_class_part_by_chance_and_say_nothing() -> None:
    rare = ["b" if n == int(NOISE[:, 0].argmax()) else "a" for n in range(200)]

    assert codes(NOISE[:10], ["ab"[int(v > 0)] for v in NOISE[:10, 0]], split={"type": "none"}) == []
    assert codes(NOISE, rare, split={"type": "none"}) == []


def test_the_only_feature_may_say_it_all() -> None:
    assert codes(NOISE[:, :1], 2 * NOISE[:, 0]) == []


@pytest.mark.parametrize(("copies", "told"), [(0, []), (2, ["duplicate_rows"])], ids=["once each", "three times each"])
def test_rows_on_both_sides_of_the_split_are_told(copies: int, told: list[str]) -> None:
    x = np.concatenate([NOISE] * (copies + 1))

    assert codes(x, x @ [1.0, 2.0, 3.0] + np.tile(R.normal(size=200), copies + 1)) == told


def test_rows_that_differ_in_the_target_alone_are_others() -> None:
    x = np.concatenate([NOISE] * 3)

    assert codes(x, R.normal(size=600)) == []


def test_a_class_that_no_training_row_has_is_told() -> None:
    y = ["c" if n < 3 else "ab"[n % 2] for n in range(200)]
    held = {"x_val": [[0.0, 0.0, 0.0]] * 2, "y_val": ["c", "a"]}
    x = [row.tolist() for row in NOISE[3:]]

    training = make_training(data={"x": x, "y": y[3:], **held})

    assert [warning["code"] for warning in training.warnings] == ["class_without_training_rows"]
    assert "'c'" in training.warnings[0]["message"]


def test_rows_of_few_values_repeat_by_nature() -> None:
    few = R.integers(0, 3, size=(400, 2)).astype(float)

    assert codes(few, ["ab"[n % 2] for n in range(400)]) == []
    assert codes(np.round(NOISE[:, :1], 1), ["ab"[n % 2] for n in range(200)]) == []
