"""Parquet, JSON Lines, NPZ, inline rows and the sample tables."""

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn import datasets as samples

from services.datasets import builtin_tables, inline_tables
from services.datasets.ingest import Ingested, ingest, receive
from services.datasets.table_limits import TableLimits
from services.errors import InvalidRequest, TooLarge, UnsupportedMediaType
from services.specs.schema.data import Data

LIMITS = TableLimits()


def read(folder: Path, raw: bytes, name: str, limits: TableLimits = LIMITS) -> tuple[Ingested, np.ndarray]:
    """Ingest bytes; return what was learnt and its table."""
    original, table = folder / "original", folder / "table"
    original.write_bytes(raw)
    found = ingest(original, table, name=name, limits=limits)
    return found, np.fromfile(table, "<f4").reshape(found.info.rows, -1)


def refused(folder: Path, raw: bytes, name: str) -> dict[str, Any]:
    """Ingest bytes that have a fault; return the first."""
    with pytest.raises(InvalidRequest) as caught:
        read(folder, raw, name)
    return caught.value.faults[0].as_json()


def parquet_of(columns: dict[str, Any]) -> bytes:
    """Return a Parquet file of these columns."""
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def npz_of(**arrays: Any) -> bytes:
    """Return an NPZ file of these arrays."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def test_parquet_keeps_numbers_texts_booleans_and_what_is_missing(tmp_path: Path) -> None:
    raw = parquet_of(
        {"a": [1, None], "b": ["y", "x"], "c": [True, False], "d": pa.array(["u", "u"]).dictionary_encode()}
    )
    found, table = read(tmp_path, raw, "a.parquet")

    assert [column.type for column in found.info.columns] == ["number", "category", "boolean", "category"]
    np.testing.assert_array_equal(table, np.array([[1, 1, 1, 0], [np.nan, 0, 0, 0]], "f4"))


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a.parquet", lambda: parquet_of({"a": [None, 1.0, 1e300]})),
        ("a.jsonl", lambda: b'{"a":null}\n\n{"a":1}\n{"a":1e300}\n'),
        ("a.npz", lambda: npz_of(a=np.array([np.nan, 1.0, np.inf]))),
    ],
    ids=["parquet", "jsonl", "npz"],
)
def test_a_number_beyond_float32_is_named_by_row(tmp_path: Path, name: str, raw: Any) -> None:
    fault = refused(tmp_path, raw(), name)

    assert fault["code"] == "bad_value"
    assert (fault["location"]["row"], fault["location"]["column"]) == (2, "a")
    assert fault["location"].get("line") == (4 if name == "a.jsonl" else None)


@pytest.mark.parametrize("nested", [True, False], ids=["nested lists", "fixed size"])
def test_pictures_in_parquet_become_a_column_for_each_value(tmp_path: Path, nested: bool) -> None:
    pictures = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(pictures.reshape(-1)), 6)
    cells = pa.array(pictures.tolist(), pa.list_(pa.list_(pa.float32()))) if nested else flat

    found, table = read(tmp_path, parquet_of({"pixels": cells, "label": [0, 1, 0, 1]}), "pictures.parquet")

    assert found.info.names == [*(f"pixels{n}" for n in range(6)), "label"]
    assert np.array_equal(table[:, :6], pictures.reshape(4, 6))


@pytest.mark.parametrize("lists", [[[1.0, 2.0], [3.0]], [[1.0], None]], ids=["ragged", "missing"])
def test_lists_that_are_no_tensor_are_refused(tmp_path: Path, lists: list[Any]) -> None:
    fault = refused(tmp_path, parquet_of({"pixels": pa.array(lists, pa.list_(pa.float32()))}), "ragged.parquet")

    assert (fault["code"], fault["location"]) == ("ragged_row", {"column": "pixels"})


def test_an_npz_of_pictures_becomes_a_column_for_each_value(tmp_path: Path) -> None:
    stream = io.BytesIO()
    pictures = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2)
    np.savez(stream, pixels=pictures, label=np.array([0, 1]))

    found, table = read(tmp_path, stream.getvalue(), "pictures.npz")

    assert len(found.info.names) == 13
    assert np.array_equal(table[:, [found.info.names.index(f"pixels{n}") for n in range(12)]], pictures.reshape(2, 12))


def test_json_lines_give_the_rows_of_objects(tmp_path: Path) -> None:
    found, table = read(tmp_path, b'{"a":1,"b":"x"}\n{"b":"y","a":2.5}\n{"a":3}\n', "rows")

    assert found.format == "jsonl"
    np.testing.assert_array_equal(table, np.array([[1, 0], [2.5, 1], [3, np.nan]], "f4"))


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        (b'{"a":1,"z":2}', "unknown_column", "z"),
        (b"[1]", "wrong_type", None),
        (b"7", "wrong_type", None),
        (b'{"a":"x"}', "bad_value", "a"),
        (b'{"a":[1]}', "wrong_type", "a"),
        (b'{"a":', "unreadable", None),
    ],
)
def test_a_json_line_of_another_kind_is_named(tmp_path: Path, line: bytes, code: str, column: str | None) -> None:
    fault = refused(tmp_path, b'{"a":1}\n\n' + line + b"\n", "a.jsonl")

    assert (fault["code"], fault["location"].get("column")) == (code, column)
    assert (fault["location"]["row"], fault["location"]["line"]) == (1, 3)


def test_json_lines_of_many_batches_are_read_whole(tmp_path: Path) -> None:
    raw = b'{"a":null,"b":true}\n' * 10_000 + b'{"a":"x","b":false}\n'
    found, table = read(tmp_path, raw, "a.jsonl")

    assert found.info.column("a").missing == 10_000
    assert table[-1].tolist() == [0, 0]


def test_npz_matrices_become_columns(tmp_path: Path) -> None:
    x = np.asfortranarray(np.arange(6.0).reshape(3, 2)).astype(">f8")
    found, table = read(tmp_path, npz_of(x=x, y=np.array(["b", "a", "b"])), "no ending")

    assert found.info.names == ["x0", "x1", "y"]
    assert table.tolist() == [[0, 1, 1], [2, 3, 0], [4, 5, 1]]


@pytest.mark.parametrize(
    "raw",
    [
        lambda: npz_of(a=np.array([{}, None], dtype=object)),
        lambda: b"PK\x03\x04 and no archive",
        lambda: b"\x80\x04K\x01.",
        lambda: b"\x93NUMPY\x01\x00",
        lambda: b"\x1f\x8b\x08",
    ],
    ids=["objects", "zip", "pickle", "npy", "gzip"],
)
def test_what_is_never_opened_is_refused_as_a_media_type(tmp_path: Path, raw: Any) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        read(tmp_path, raw(), "a.npz")

    assert caught.value.code == "unsupported_media_type"


def test_an_archive_of_something_else_is_refused_as_a_media_type(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")

    with pytest.raises(UnsupportedMediaType):
        read(tmp_path, stream.getvalue(), "a.npz")


@pytest.mark.parametrize("lie", [False, True], ids=["declared", "lied"])
def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, lie: bool) -> None:
    raw = npz_of(a=np.zeros(5_000_000))
    if lie:
        size = struct.pack("<I", 128 + 8 * 5_000_000)
        raw = raw.replace(size, struct.pack("<I", 200))

    with pytest.raises((TooLarge, InvalidRequest)):
        read(tmp_path, raw, "a.npz", TableLimits(unpacked_bytes=1_000_000))


def test_a_few_bytes_that_stand_for_many_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        read(tmp_path, parquet_of({"a": np.zeros(1_000_000)}), "a.parquet", limits=TableLimits(unpacked_bytes=100_000))


def test_an_upload_stops_at_its_limit(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        receive(io.BytesIO(b"x" * 11), tmp_path / "file", 10)


def test_inline_rows_become_columns() -> None:
    info, table = inline_tables.tabulate(
        Data(x=[[1, 2], [3, 4]], y=["b", "a"], x_val=[[5, 6]], y_val=["b"], x_test=[[7, 8]], y_test=["a"])
    )

    assert info.names == ["x0", "x1", "y", "split"]
    assert info.column("split").values == ["test", "train", "validation"]
    assert table.tolist() == [[1, 2, 1, 1], [3, 4, 0, 1], [5, 6, 1, 2], [7, 8, 0, 0]]


@pytest.mark.parametrize(
    ("rows", "pointer"),
    [
        ({"x": [[1, 2]] * 3 + [[1, 1e300]], "y": [1, 2, 3, 4]}, "#/data/x/3/1"),
        ({"x": [[10**400]], "y": [1]}, "#/data/x/0/0"),
        ({"x": [[1], [2]], "y": [1, -1e39]}, "#/data/y/1"),
        ({"x": [[1], [2]], "y": [[1, 2], [1, 1e39]]}, "#/data/y/1/1"),
        ({"x": [[1]], "y": [1], "x_val": [[1], [2]], "y_val": [1, 1e39]}, "#/data/y_val/1"),
    ],
)
def test_an_inline_number_beyond_float32_is_named_by_its_pointer(rows: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        inline_tables.tabulate(Data.model_construct(**rows))

    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [(pointer, "out_of_range")]


def test_inline_classes_that_float32_can_not_tell_apart_are_no_classes() -> None:
    info, _ = inline_tables.tabulate(Data(x=[[1], [2]], y=[2**24, 2**24 + 1]))

    assert info.column("y").values is None


@pytest.mark.parametrize("name", builtin_tables.TARGETS)
def test_a_sample_table_equals_the_one_of_scikit_learn(tmp_path: Path, name: str) -> None:
    truth = getattr(samples, f"load_{name}")()
    found, table = read(tmp_path, builtin_tables.path(name).read_bytes(), name)
    target = found.info.column(builtin_tables.TARGETS[name])
    answers = table[:, found.info.names.index(target.name)]

    np.testing.assert_array_equal(np.delete(table, found.info.names.index(target.name), 1), truth.data.astype("f4"))
    if target.coded:
        known = np.array(target.values)[answers.astype(int)].tolist()
        assert known == truth.target_names[truth.target].tolist()
    else:
        np.testing.assert_array_equal(answers, truth.target.astype("f4"))


def test_the_base_loads_neither_torch_nor_pyarrow() -> None:
    code = "import sys, services.wiring.base; sys.exit(bool({'torch', 'pyarrow'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
