"""A split by hash takes any cell that a column can have."""

import math

import pytest

from services.columns import Column
from services.specs.resolve.value_hash import share_of

COLUMNS = [
    Column("a", "number", missing=2, min=0.0, max=9.0),
    Column("a", "category", missing=2, values=["x", "y"], counts=[3, 4]),
    Column("a", "datetime", missing=2, min=0.0, max=2.0, origin=0.0),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.type)
def test_missing_values_stay_together(column: Column) -> None:
    assert share_of(math.nan, column) == share_of(float("nan"), column)
    assert share_of(math.nan, column) != share_of(1.0, column)
