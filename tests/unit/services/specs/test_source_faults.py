"""Inline rows are checked before a table is made of them."""

import pytest

from services.specs.resolve.source_faults import inline_faults
from services.specs.schema.data import Data


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        ({}, ["#/data"]),
        ({"builtin": "iris", "dataset": "a"}, ["#/data"]),
        ({"x": [[1.0]]}, ["#/data/y"]),
        ({"x": [[1.0], [2.0]], "y": [1.0]}, ["#/data/y"]),
        ({"x": [[1.0], [2.0, 3.0], [4.0], []][:3], "y": [1.0, 2.0, 3.0]}, ["#/data/x/1"]),
        ({"x": [[1.0], [2.0]], "y": [1.0, "a"]}, ["#/data/y"]),
        ({"x": [[1.0], [2.0]], "y": [[1.0], [1.0, 2.0]]}, ["#/data/y/1"]),
        ({"x": [[1.0]], "y": [1.0], "x_val": [[1.0, 2.0]], "y_val": [1.0]}, ["#/data/x_val/0"]),
        ({"x": [[1.0]], "y": [1], "x_val": [[2.0]], "y_val": [2]}, []),
    ],
)
def test_the_shapes_of_inline_rows_are_checked(data, pointers):
    assert [fault.pointer for fault in inline_faults(Data.model_validate(data))] == pointers
