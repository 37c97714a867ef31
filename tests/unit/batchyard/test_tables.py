"""Rows as users have them: refused with what to do, or in the order of the model's features."""

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from batchyard.errors import InvalidTable
from batchyard.tables import like, ordered, table_of


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([[1, 2], [3]], "Row 1 has 1 values"),
        ([], "no rows"),
        ([1, 2], r"\[\[1\], \[2\]"),
        ("rows.csv", "type str"),
        ({1: [1]}, "Column names must be text"),
        ({"a": [1, "x"]}, "mixes number .* and text"),
        (np.array([1.0, 2.0]), "reshape"),
        (np.array([[np.inf]]), "infinity"),
        (pa.table([[1], [2]], names=["a", "a"]), "same name"),
    ],
)
def test_rows_of_no_use_are_refused_with_what_to_do(rows: Any, says: str) -> None:
    with pytest.raises(InvalidTable, match=says):
        list(table_of(rows).rows())


def test_a_sparse_matrix_is_refused_with_what_to_do() -> None:
    sparse = pytest.importorskip("scipy.sparse")

    with pytest.raises(InvalidTable, match="toarray"):
        table_of(sparse.csr_matrix([[1]]))


def test_columns_are_put_in_order_and_what_is_left_out_is_told() -> None:
    found, told = ordered(table_of([{"b": 2, "z": 9, "a": 1}]), ["a", "b"])

    assert list(found.rows()) == [[1, 2]]
    assert len(told) == 2


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    with pytest.raises(InvalidTable, match=r"'width' \(is it 'widht'\?\)"):
        ordered(table_of([{"widht": 1}]), ["width"])


def test_what_is_not_there_is_none_and_arrays_come_back_as_arrays() -> None:
    table = table_of(np.array([[1.0, np.nan]]))

    assert list(table.rows()) == [[1.0, None]]
    assert isinstance(like([1, 2], table), np.ndarray)
    assert isinstance(like([1, 2], table_of(pa.table({"a": [1, 2]}))), pa.Array)


def test_pandas_frames_are_checked_and_predictions_keep_their_index() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2]}, index=["u", "v"])

    back = like(["x", "y"], table_of(frame))

    assert list(back.index) == ["u", "v"]
    with pytest.raises(InvalidTable, match="same name"):
        table_of(pandas.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(InvalidTable, match="MultiIndex"):
        table_of(pandas.DataFrame([[1]], columns=pandas.MultiIndex.from_tuples([("a", "b")])))
    with pytest.raises(InvalidTable, match="mixes"):
        table_of(pandas.DataFrame({"a": [1, "x"]}, dtype=object))


def test_polars_frames_give_polars_back() -> None:
    polars = pytest.importorskip("polars")
    table = table_of(polars.DataFrame({"a": [1, 2]}))

    assert isinstance(like([1, 2], table), polars.Series)
