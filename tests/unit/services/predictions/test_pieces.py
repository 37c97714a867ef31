"""Pieces put together are one file with the same cells, whatever they hold."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from services.predictions.formats.pieces import assemble, joined, piece_of

ABOUT = {"batchyard.job": "job_1"}
ODD = np.array([1, 1e-5, 1e20, 1e-38, 123456.75, -0.0, np.nan, np.inf, 3.4e38, 0.1], dtype=np.float32)
COLUMNS: dict[str, Any] = {
    "prediction": ["plain", "with, comma", 'with "quotes"', "two\nlines", "=SUM(A1)", "ü", "", " ", "-1", "plain"],
    "p_a,b": ODD,
    "n": np.arange(10),
}


@pytest.fixture
def pieces(tmp_path: Path) -> Any:
    """Write the columns as pieces of 4, 4 and 2 rows; return their files."""

    def written(format: str) -> list[Path]:
        found = []
        for n, (start, end) in enumerate([(0, 4), (4, 8), (8, 10)]):
            columns = {name: values[start:end] for name, values in COLUMNS.items()}
            found.append(tmp_path / f"{n}.{format}")
            found[-1].write_bytes(piece_of(columns, format, first=n == 0, about=ABOUT))
        return found

    return written


def test_pythons_reader_finds_every_cell_of_a_csv(pieces: Any, tmp_path: Path) -> None:
    size, _ = assemble(pieces("csv"), tmp_path / "whole", "csv")

    text = (tmp_path / "whole").read_text()
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert size == len(text.encode())
    assert header == list(COLUMNS)
    texts = [f"'{text}" if text.startswith(("=", "-")) else text for text in COLUMNS["prediction"]]
    assert [row[0] for row in rows] == texts
    np.testing.assert_array_equal(np.array([float(row[1]) for row in rows]).astype(np.float32), ODD)
    assert [int(row[2]) for row in rows] == list(range(10))


def test_a_parquet_has_a_row_group_a_piece_and_says_what_made_it(pieces: Any, tmp_path: Path) -> None:
    assemble(iter(pieces("parquet")), tmp_path / "whole", "parquet")

    file = pyarrow.parquet.ParquetFile(tmp_path / "whole")
    table = file.read()
    assert file.num_row_groups == 3
    assert table["prediction"].to_pylist() == COLUMNS["prediction"]
    np.testing.assert_array_equal(table["p_a,b"].to_numpy(), ODD)
    assert table.schema.metadata[b"batchyard.job"] == b"job_1"


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_the_same_pieces_give_the_same_bytes(pieces: Any, tmp_path: Path, format: str) -> None:
    first = assemble(pieces(format), tmp_path / "first", format)

    assert assemble(pieces(format), tmp_path / "second", format) == first
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_blocks_are_joined_in_order() -> None:
    halves = [{name: values[part] for name, values in COLUMNS.items()} for part in (slice(0, 3), slice(3, 10))]

    whole = joined(halves)

    assert whole["prediction"] == COLUMNS["prediction"]
    np.testing.assert_array_equal(whole["n"], COLUMNS["n"])
