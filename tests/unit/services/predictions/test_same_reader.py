"""A row taken from a file is the same row in a prediction: as lists or records, as texts or JSON values."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cell_texts import BOOLEANS, MISSING
from services.datasets.ingest import ingest
from services.datasets.table_limits import TableLimits
from services.errors import InvalidRequest
from services.predictions.decoder import cells_of
from services.specs.schema.data import ColumnOptions
from services.specs.schema.predict import Predict
from services.training.input.column_inputs import Input, fitted_input
from services.training.input.preprocessing import Preprocessing

missing = st.sampled_from(MISSING)
numbers = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e6, 1e6).map(str),
    st.integers(0, 99).map("+{}".format),
    st.integers(0, 99).map(" {}.50 ".format),
)
KINDS = [numbers, st.sampled_from(list(BOOLEANS)), st.sampled_from(["Rome", "Bern", "3+", "ü x"]), st.just("04")]


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Draw rows of texts, each column of one kind with cells that have no value; a last column numbers them."""
    count = draw(st.integers(2, 12))
    columns = []
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4)):
        cells = draw(st.lists(st.one_of(kind, kind, missing), min_size=count, max_size=count))
        columns.append([draw(kind), *cells])  # one value at least
    rows = [list(row) for row in zip(*columns, strict=True)]
    return [[*row, str(n)] for n, row in enumerate(rows)]


def ingested(rows: list[list[str]], names: list[str]) -> tuple[Preprocessing, np.ndarray]:
    """Upload rows as a CSV; return how a model trained on them reads cells, and the table."""
    stream = io.StringIO()
    csv.writer(stream).writerows([names, *rows])
    with TemporaryDirectory() as folder:
        original, table = Path(folder) / "original", Path(folder) / "table"
        original.write_text(stream.getvalue(), encoding="utf-8")
        info = ingest(original, table, name="a.csv", limits=TableLimits()).info
        cells = np.fromfile(table, "<f4").reshape(info.rows, -1)
    inputs = [fitted_input(c, ColumnOptions(), cells[:, n], "none") for n, c in enumerate(info.columns)]
    return Preprocessing("regression", "mse", inputs, ["y"], [], None, None), cells


def as_json(text: str, column: Input) -> Any:
    """Return a cell as a JSON library would write it."""
    if text in MISSING:
        return None
    if column.type == "boolean":
        return BOOLEANS[text]
    return float(text) if column.type == "number" else text


@settings(max_examples=60, deadline=None)
@given(tables())
def test_a_row_of_the_file_is_the_same_row_in_a_prediction(rows: list[list[str]]) -> None:
    names = [f"n{n}" for n in range(len(rows[0]))]
    preprocessing, table = ingested(rows, names)
    typed = [[as_json(cell, column) for cell, column in zip(row, preprocessing.inputs, strict=True)] for row in rows]

    for x in (rows, typed):
        np.testing.assert_array_equal(cells_of(Predict(x=x), preprocessing)[0], table)
        records = [dict(zip(names, row, strict=True)) for row in x]
        np.testing.assert_array_equal(cells_of(Predict(records=records), preprocessing)[0], table)


def test_codes_may_be_texts_or_numbers() -> None:
    preprocessing, _ = ingested([[str([84713001, 84713003][n % 2]), str(n)] for n in range(20)], ["code", "n"])

    found, _ = cells_of(Predict(x=[["84713003", 1], [84713003, 1], [84713003.0, 1]]), preprocessing)

    assert found[:, 0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("value", ["yes", 2, "1,5"])
def test_what_a_file_would_not_take_for_a_boolean_is_refused(value: Any) -> None:
    preprocessing, _ = ingested([["TRUE", "1"], ["FALSE", "2"]], ["flag", "n"])

    with pytest.raises(InvalidRequest):
        cells_of(Predict(x=[[value, 1]]), preprocessing)
