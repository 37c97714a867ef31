"""Reads binary files that carry their own types: Parquet and NPZ."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from services.datasets.lists import spread
from services.datasets.tabulating import Batches
from services.errors import Fault, InvalidRequest, TooLarge, UnsupportedMediaType

BATCH_ROWS = 65_536
MAX_RATIO = 100  #: an archive may grow by so much when unpacked
READ_ERRORS = (
    ValueError,
    OSError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_parquet(path: Path) -> Batches:
    """Return what gives the rows of a Parquet file.

    Raises: InvalidRequest when it is damaged.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with parquet.ParquetFile(path) as file:
                widths: dict[str, int] = {}
                for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                    yield spread(batch, widths)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable("Parquet", error) from error

    return batches


def read_npz(path: Path, max_bytes: int) -> Batches:
    """Return what gives the rows of an NPZ archive: a vector becomes a column, anything wider the
    columns <name>0 ..., row-major.

    Raises: InvalidRequest when the lengths differ; UnsupportedMediaType when an entry is no array of numbers or texts;
    TooLarge when it unpacks to too much.
    """
    limit = min(max_bytes, MAX_RATIO * max(path.stat().st_size, 10_000))
    columns = _npz_columns(path, limit)
    table = pa.table({name: pa.array(cells) for name, cells in columns.items()})
    return lambda: iter(table.to_batches(BATCH_ROWS))


def _npz_arrays(path: Path, limit_bytes: int) -> dict[str, np.ndarray]:
    """Unpack the arrays with a cap, since the sizes that an archive declares may be lies. Never unpickles."""
    found: dict[str, np.ndarray] = {}
    left = limit_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.filename.endswith(".npy"):
                    raise UnsupportedMediaType("The archive is no .npz: an entry of it is no array.", allowed=["npz"])
                with archive.open(entry) as file:
                    raw = file.read(left + 1)
                left -= len(raw)
                if left < 0:
                    raise TooLarge(f"The archive unpacks to over {limit_bytes} bytes.", limit_bytes=limit_bytes)
                found[entry.filename.removesuffix(".npy")] = _array(raw)
    except READ_ERRORS as error:
        raise _unreadable("NPZ", error) from error
    return found


def _array(raw: bytes) -> np.ndarray:
    stream = io.BytesIO(raw)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"version {version} of the array format is not read")
    if dtype.hasobject:
        raise UnsupportedMediaType("An array of the archive holds Python objects, which are never opened.")
    cells = stream.read()
    if math.prod(shape) * dtype.itemsize != len(cells):
        raise ValueError("an array is not as long as its header says")
    if not cells:
        return np.empty(shape, dtype)
    return np.frombuffer(cells, dtype).reshape(shape, order="F" if fortran else "C")


def _npz_columns(path: Path, limit_bytes: int) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    found = _npz_arrays(path, limit_bytes)
    for name, array in found.items():
        if array.ndim < 1 or array.dtype.kind not in "biufU":
            detail = f"array {name!r} is {array.ndim}-dimensional {array.dtype}; rows of numbers or texts are read"
            raise InvalidRequest([Fault("#/data", "shape_mismatch", detail)])
        array = array.reshape(len(array), -1) if array.ndim > 2 else array
        if array.ndim == 1 or array.shape[1] == 1:
            columns[name] = _native(array.reshape(-1))
        else:
            columns |= {f"{name}{n}": _native(array[:, n]) for n in range(array.shape[1])}
    if not columns:
        raise InvalidRequest([Fault("#/data", "empty", "has no arrays")])
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        detail = f"has arrays of different lengths: {lengths}"[:200]
        raise InvalidRequest([Fault("#/data", "length_mismatch", detail)])
    return columns


def _native(cells: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(cells.astype(cells.dtype.newbyteorder("=")))


def _unreadable(kind: str, error: Exception) -> InvalidRequest:
    words = str(error).split("\n")[0][:200]
    return InvalidRequest([Fault("#/data", "unreadable", f"is no good {kind}: {words}")])
