"""Who uploads what can't be read is told what it is and what to do next: the sentence that a person would want."""

import datetime
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from services.datasets.ingest import ingest
from services.datasets.table_limits import TableLimits
from services.errors import InvalidRequest, UnsupportedMediaType

ROWS = "a,y\n1,2\n3,4\n"


def npz(**arrays: Any) -> bytes:
    """Return arrays as an archive of NumPy."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npy() -> bytes:
    """Return one array as NumPy stores it."""
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 2)))
    return stream.getvalue()


def table(**columns: Any) -> bytes:
    """Return columns as Parquet."""
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def archive(name: str) -> bytes:
    """Return a ZIP of one file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(name, ROWS)
    return stream.getvalue()


def lines(*rows: dict[str, Any]) -> str:
    """Return rows as JSON Lines."""
    return "\n".join(map(json.dumps, rows))


REFUSALS: list[tuple[str, str | bytes, str]] = [
    ("t.csv.gz", gzip.compress(ROWS.encode()), "unpack it: gunzip"),
    ("t.zip", archive("t.csv"), "unpack it"),
    ("t.xlsx", archive("xl/workbook.xml"), "save the sheet as CSV"),
    ("t.npy", npy(), "np.savez(path, x=array, y=targets)"),
    ("t.npz", npz(x=np.array([1, None], dtype=object)), "give it a type: array.astype(float)"),
    ("t.npz", npz(x=np.array([b"a", b"b"])), "texts are read as str: array.astype(str)"),
    ("t.npz", npz(x=np.array(["2026-11-28"], dtype="M8[D]")), "dates are read as texts: array.astype(str)"),
    ("t.npz", npz(x=np.ones(2, dtype=complex)), "as two arrays, its real and its imaginary part"),
    ("t.csv", ROWS.encode("utf-16"), "iconv -f utf-16"),
    ("t.csv", "a,y\n1,ä\n".encode("latin-1"), "iconv -f latin1"),
    ("t.csv", "# made by hand\n" + ROWS, "begins with #: remove such lines"),
    ("t.csv", "a,y,\n1,2,\n3,4,\n", "ends with a delimiter"),
    ("t.csv", "a,y\n1,2,\n3,4,\n", "ends with a delimiter"),
    ("t.csv", "a,a,y\n1,2,3\n", "rename one of them"),
    ("t.csv", "a,y\n1,2\n-,4\n" + "5,6\n" * 20, "na_values=-"),
    ("t.csv", "a,y\n1,2\n1e999,4\n" + "5,6\n" * 20, "is too large a number"),
    ("t.parquet", table(e=[datetime.time(1, 2)]), "as a number: its seconds"),
    ("t.parquet", table(e=[datetime.timedelta(1)]), "as a number: its seconds"),
    ("t.parquet", table(e=[{"a": 1}]), "a column for each of its fields"),
    ("t.parquet", table(e=[b"ab"]), "as texts"),
    ("t.parquet", table(e=[[1.0], [1.0, 2.0]]), "pad them to one length"),
    ("t.jsonl", lines({"a": 1}, {"a": 2, "b": 3}), "name every key in the first row, null where it has no value"),
    ("t.jsonl", '{"a": NaN}\n', "null for what is not a number"),
    ("t.jsonl", lines({"a": {"b": 1}}), "a key for each"),
    ("t.jsonl", lines({"a": True}, {"a": 1}), "one kind of value for a key"),
]


@pytest.mark.parametrize(("name", "raw", "words"), REFUSALS, ids=[f"{row[0]}: {row[2]}" for row in REFUSALS])
def test_a_refusal_says_what_to_do(tmp_path: Path, name: str, raw: str | bytes, words: str) -> None:
    (tmp_path / "original").write_bytes(raw.encode() if isinstance(raw, str) else raw)

    with pytest.raises((InvalidRequest, UnsupportedMediaType)) as refused:
        ingest(tmp_path / "original", tmp_path / "table", name=name, limits=TableLimits())

    said = refused.value.detail
    if isinstance(refused.value, InvalidRequest):
        fault = refused.value.faults[0]
        said = f"{fault.detail}; {fault.hint}"
    assert words in said
