"""What reads a stranger's bytes, each as one function, with small whole files to begin from."""

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from services.datasets.ingest import ingest
from services.datasets.table_limits import TableLimits
from services.errors import BatchyardError
from services.predictions.formats.incoming import array_of, columns_of
from services.predictions.formats.media import Media
from services.specs.parse import parser
from services.specs.schema.job import JobSpec

CORPUS = Path(__file__).parent / "corpus"
LIMITS = TableLimits(rows=10_000, columns=1_000, unpacked_bytes=1 << 24)
Reader = Callable[[bytes], bool]  #: returns whether it was read; False: refused by an error of ours


def file_reader(name: str) -> Reader:
    """Return what ingests a file of this name."""

    def read(data: bytes) -> bool:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            original, table = Path(folder) / "original", Path(folder) / "table"
            original.write_bytes(data)
            return _is_read(lambda: ingest(original, table, name=name, limits=LIMITS))

    return read


def read_spec(data: bytes) -> bool:
    """Read the body of a submit."""
    return _is_read(lambda: parser.read(JobSpec, data))


def read_arrow(data: bytes) -> bool:
    """Read the rows of a prediction from an Arrow stream."""
    return _is_read(lambda: columns_of(data, Media.ARROW, LIMITS.rows))


def read_npy(data: bytes) -> bool:
    """Read the rows of a prediction from an array."""
    return _is_read(lambda: array_of(data, LIMITS.rows))


def csv() -> bytes:
    """Return a CSV with what needs a second look: quotes, texts, signs, dates, a missing cell."""
    return b'id,price,day,note,y\n1,"1,234",2024-01-02,"a ""b""",1\n2,3.5,2024-02-03,,0\n3,-4e2,2024-03-04,\xc3\xa9,1\n'


def jsonl() -> bytes:
    """Return JSON Lines of every kind of value."""
    return b'{"a": 1, "b": "x", "c": true}\n{"a": 2.5, "b": null, "c": false}\n{"a": -3e1, "b": "\\u00e9"}\n'


def npz(order: str = "C") -> bytes:
    """Return an archive of two arrays."""
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.arange(12.0).reshape(4, 3, order=order), y=np.arange(4, dtype=np.int8))  # type: ignore[call-overload]
    return stream.getvalue()


def parquet_file(compression: str = "zstd") -> bytes:
    """Return a Parquet file with numbers, texts, dates and lists."""
    columns = {
        "n": pa.array([1.5, None, 3.0]),
        "t": pa.array(["a", "b", None]).dictionary_encode(),
        "d": pa.array([0, 1, 2], pa.timestamp("ms")),
        "l": pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int32())),
        "y": pa.array([True, False, True]),
    }
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream, compression=compression)
    return stream.getvalue()


def arrow() -> bytes:
    """Return an Arrow stream of every kind of column."""
    columns = {"n": pa.array([1.5, None]), "t": pa.array(["a", "b"]).dictionary_encode(), "l": pa.array([[1], [2]])}
    stream = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def npy() -> bytes:
    """Return an array."""
    stream = io.BytesIO()
    np.save(stream, np.arange(12, dtype=np.float32).reshape(4, 3))
    return stream.getvalue()


def spec() -> bytes:
    """Return a job's spec with most of its parts."""
    return json.dumps(
        {
            "name": "a-b",
            "data": {"x": [[1, 2.5], [3, 4]], "y": [1, 0], "columns": {"x0": {"type": "number"}}},
            "model": {"type": "mlp", "hidden": [8], "activation": "relu"},
            "optimizer": {"type": "adamw", "lr": 0.01},
            "split": {"type": "random", "validation": 0.5},
            "early_stopping": {"patience": 3},
            "metadata": {"k": "v\u00e9"},
        }
    ).encode()


READERS: dict[str, tuple[Reader, list[bytes]]] = {
    "csv": (file_reader("a.csv"), [csv()]),
    "jsonl": (file_reader("a.jsonl"), [jsonl()]),
    "npz": (file_reader("a.npz"), [npz(), npz("F")]),
    "parquet": (file_reader("a.parquet"), [parquet_file(), parquet_file("none")]),
    "arrow": (read_arrow, [arrow()]),
    "npy": (read_npy, [npy()]),
    "spec": (read_spec, [spec()]),
}


def _is_read(read: Callable[[], object]) -> bool:
    try:
        read()
    except BatchyardError:
        return False
    return True


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
