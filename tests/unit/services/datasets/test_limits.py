"""Files that grow inside are refused before they are unpacked: soon, and without the memory they ask for."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from services.datasets.ingest import ingest
from services.datasets.table_limits import TableLimits
from services.errors import BatchyardError, TooLarge

STATUS, REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MOST_BYTES = 100 << 20
MOST_S = 10.0  #: alone it takes a tenth of a second


def memory(of: str) -> int:
    """Return a figure of this process's memory in bytes."""
    return next(int(line.split()[1]) << 10 for line in STATUS.read_text().splitlines() if line.startswith(of))


def refused(folder: Path, raw: bytes, name: str, limits: TableLimits | None = None) -> BatchyardError:
    """Ingest bytes that are refused; see that it takes little time and memory."""
    (folder / "original").write_bytes(raw)
    REFS.write_text("5")  # the peak counts from here
    before, began = memory("VmRSS"), time.monotonic()
    with pytest.raises(BatchyardError) as caught:
        ingest(folder / "original", folder / "table", name=name, limits=limits or TableLimits())
    assert time.monotonic() - began < MOST_S
    assert memory("VmHWM") - before < MOST_BYTES + len(raw)
    return caught.value


def parquet_of(table: pa.Table, times: int = 1) -> bytes:
    """Return a Parquet file of so many row groups."""
    stream = io.BytesIO()
    with parquet.ParquetWriter(stream, table.schema, compression="zstd") as writer:
        for _ in range(times):
            writer.write_table(table)
    return stream.getvalue()


def one_text(size: int, rows: int) -> bytes:
    """Return a Parquet file with one long text in many rows."""
    texts = pa.array(["a" * size], pa.large_string())
    return parquet_of(pa.table({"t": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), texts)}))


def archive(shape: tuple[int, int], written: int, packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an NPZ whose array says its shape and has so many bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packed, compresslevel=1) as made, made.open("a.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
        for _ in range(written >> 20):
            file.write(bytes(1 << 20))
    return stream.getvalue()


WIDE_LINE = b"{" + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}\n"
WIDE = ",".join(f"c{n}" for n in range(100_000)) + "\n" + (",".join(["1.5"] * 100_000) + "\n") * 5


@pytest.mark.parametrize(
    ("name", "raw", "setting"),
    [
        ("a.csv", lambda: WIDE.encode(), "BATCHYARD_MAX_TABLE_COLUMNS"),
        ("a.csv", lambda: b"1," * 8_000_000, "BATCHYARD_MAX_TABLE_COLUMNS"),
        ("a.parquet", lambda: one_text(64 << 20, 1_000), None),
        ("a.parquet", lambda: parquet_of(pa.table({"a": np.zeros(10_000_000, "f4")}), 11), "BATCHYARD_MAX_TABLE_ROWS"),
        ("a.npz", lambda: archive((75_000_000, 10), 400 << 20), "BATCHYARD_MAX_UNPACKED_BYTES"),
        ("a.jsonl", lambda: b'{"a":[' + b"[]," * 5_000_000 + b"[]]}\n", "BATCHYARD_MAX_TABLE_COLUMNS"),
        (
            "a.jsonl",
            lambda: b"{" + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}\n",
            "BATCHYARD_MAX_TABLE_COLUMNS",
        ),
    ],
    ids=["wide csv", "endless line", "long text", "many rows", "npz", "nested json line", "wide json line"],
)
def test_what_would_grow_too_large_is_a_413_that_names_the_limit(
    tmp_path: Path, name: str, raw: Callable[[], bytes], setting: str | None
) -> None:
    error = refused(tmp_path, raw(), name)

    assert isinstance(error, TooLarge)
    assert error.members.get("setting") == setting
    assert any(member.startswith("limit_") for member in error.members)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a.parquet", lambda: one_text(16 << 20, 1_000)),
        ("a.npz", lambda: archive((100, 10), 400 << 20)),
        ("a.npz", lambda: archive((-1, 10), 400 << 20)),
        ("a.npz", lambda: archive((1 << 17, 1), 1 << 20, zipfile.ZIP_LZMA)),
    ],
    ids=["text longer than a cell", "array longer than it says", "array of less than nothing", "packed by LZMA"],
)
def test_what_lies_about_its_size_is_refused(tmp_path: Path, name: str, raw: Callable[[], bytes]) -> None:
    assert refused(tmp_path, raw(), name).code == "validation_error"


@pytest.mark.parametrize("limits", [TableLimits(rows=9), TableLimits(columns=1), TableLimits(unpacked_bytes=79)])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "npz"])
def test_every_format_keeps_to_the_limits(tmp_path: Path, kind: str, limits: TableLimits) -> None:
    columns = {"a": np.arange(10.0), "b": np.arange(10.0)}
    stream = io.BytesIO()
    np.savez(stream, **columns)
    raw = {
        "csv": b"a,b\n" + b"1,2\n" * 10,
        "jsonl": b'{"a":1,"b":2}\n' * 10,
        "parquet": parquet_of(pa.table(columns)),
        "npz": stream.getvalue(),
    }

    assert isinstance(refused(tmp_path, raw[kind], f"a.{kind}", limits), TooLarge)


def test_texts_that_repeat_in_parquet_are_read_as_they_were_written(tmp_path: Path) -> None:
    texts = [["north", "south", None][n % 3] for n in range(200_000)]
    (tmp_path / "original").write_bytes(parquet_of(pa.table({"t": texts, "l": [[n, 1] for n in range(200_000)]})))

    found = ingest(tmp_path / "original", tmp_path / "table", name="a.parquet", limits=TableLimits())
    table = np.fromfile(tmp_path / "table", "<f4").reshape(200_000, 3)

    assert found.info.column("t").counts == [66_667, 66_667]
    assert np.array_equal(np.isnan(table[:, 0]), [text is None for text in texts])
    assert np.array_equal(table[:, 1], np.arange(200_000))


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_more_than_a_batch_are_read_in_their_order(tmp_path: Path, order: str) -> None:
    cells = np.asarray(np.random.default_rng(0).normal(size=(70_000, 3, 2)), order=order)  # type: ignore[call-overload]
    np.savez(tmp_path / "a.npz", x=cells)

    ingest(tmp_path / "a.npz", tmp_path / "table", name="a.npz", limits=TableLimits())

    table = np.fromfile(tmp_path / "table", "<f4").reshape(70_000, 6)
    assert np.array_equal(table, cells.reshape(70_000, 6).astype("f4"))
