"""Reads NPZ archives. The headers of all arrays are read first; their cells are unpacked to files, never to memory."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from services.datasets import array_headers
from services.datasets.table_limits import TableLimits
from services.datasets.tabulation import Batches
from services.errors import Fault, InvalidRequest, UnsupportedMediaType

#: What to do with an array of a kind that is not read.
HINTS = {
    "S": "texts are read as str: array.astype(str)",
    "M": "dates are read as texts: array.astype(str)",
    "m": "write spans of time as numbers: array.astype(float)",
    "c": "write complex numbers as two arrays, its real and its imaginary part",
}

BATCH_ROWS = 65_536
BATCH_BYTES = 16 << 20
BLOCK_BYTES = 1 << 20
HEADER_BYTES = 64 << 10
MAX_ARRAYS = 10_000
#: What numpy.savez writes. Others ask for memory by what their own headers say.
PACKED_AS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
READ_ERRORS = (
    ValueError,
    OSError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Array:
    """One array of an archive, as its header says."""

    name: str
    entry: str
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[np.generic]
    begin: int  #: of the cells in the entry

    @property
    def width(self) -> int:
        """How many columns it becomes."""
        return math.prod(self.shape[1:])

    @property
    def size_bytes(self) -> int:
        """How large its cells are."""
        return math.prod(self.shape) * self.dtype.itemsize


def read(path: Path, limits: TableLimits) -> Batches:
    """Return what gives the rows of an NPZ archive: a vector becomes a column, anything wider the
    columns <name>0 ..., row-major.

    Raises: InvalidRequest when the lengths differ; UnsupportedMediaType when an entry is no array of numbers or texts;
    TooLarge when it unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = _arrays(archive, limits)
            rows = _rows(arrays, limits)
            for n, array in enumerate(arrays):
                _unpack(archive, array, _cells_path(path, n))
    except READ_ERRORS as error:
        hint = "write the file again, for example with numpy.savez"
        fault = Fault(
            "#/data",
            "unreadable",
            "is not a valid NPZ file: it is damaged, or one of its arrays can't be read",
            hint=hint,
        )
        raise InvalidRequest([fault]) from error
    return lambda: _batches(path, arrays, rows)


def _arrays(archive: zipfile.ZipFile, limits: TableLimits) -> list[Array]:
    found = []
    limits.check_columns(len(archive.infolist()))
    for entry in archive.infolist():
        if not entry.filename.endswith(".npy"):
            raise UnsupportedMediaType(
                "The archive is not an .npz: one of its entries is not an array.", allowed=["npz"]
            )
        if entry.compress_type not in PACKED_AS:
            raise ValueError("NumPy packs no arrays so")
        with archive.open(entry) as file:
            found.append(_array(entry.filename, file.read(HEADER_BYTES)))
    if not found:
        raise InvalidRequest([Fault("#/data", "empty", "has no arrays")])
    return found


def _array(entry: str, head: bytes) -> Array:
    stream = io.BytesIO(head)
    shape, fortran, dtype = array_headers.read(stream)
    if dtype.hasobject:
        detail = "An array of the archive holds Python objects, which are never opened; give it a type: "
        raise UnsupportedMediaType(detail + "array.astype(float), or str.")
    name = entry.removesuffix(".npy")
    if len(shape) < 1 or dtype.kind not in "biufU":
        detail = f"array {name[:80]!r} is {len(shape)}-dimensional {dtype}; rows of numbers or texts are read"
        raise InvalidRequest([Fault("#/data", "shape_mismatch", detail, hint=HINTS.get(dtype.kind))])
    return Array(name, entry, shape, fortran, dtype, stream.tell())


def _rows(arrays: list[Array], limits: TableLimits) -> int:
    lengths = {array.name: array.shape[0] for array in arrays}
    limits.check_bytes(sum(array.size_bytes for array in arrays))
    limits.check_shape(max(lengths.values()), sum(array.width for array in arrays))
    if len(set(lengths.values())) > 1:
        detail = f"has arrays of different lengths: {lengths}"[:200]
        raise InvalidRequest([Fault("#/data", "length_mismatch", detail)])
    return next(iter(lengths.values()))


def _unpack(archive: zipfile.ZipFile, array: Array, path: Path) -> None:
    """Write an array's cells to a file: as many as its header says, since what follows may be without end."""
    left = array.size_bytes
    with archive.open(array.entry) as packed, open(path, "wb") as file:
        packed.read(array.begin)
        while left and (block := packed.read(min(left, BLOCK_BYTES))):
            file.write(block)
            left -= len(block)
        if left or packed.read(1):
            raise ValueError("an array is not as long as its header says")


def _batches(path: Path, arrays: list[Array], rows: int) -> Iterator[pa.RecordBatch]:
    weight = sum(array.width * array.dtype.itemsize for array in arrays)
    step = max(1, min(BATCH_ROWS, BATCH_BYTES // max(weight, 1)))
    files = [open(_cells_path(path, n), "rb") for n in range(len(arrays))]
    try:
        for at in range(0, rows, step):
            columns: dict[str, pa.Array] = {}
            for array, file in zip(arrays, files, strict=True):
                cells = _native(_slice(file, array, at, min(step, rows - at)))
                names = [f"{array.name}{n}" for n in range(array.width)] if array.width > 1 else [array.name]
                columns |= {name: pa.array(cells[:, n]) for n, name in enumerate(names[: array.width])}
            yield pa.record_batch(list(columns.values()), names=list(columns))
    finally:
        for file in files:
            file.close()


def _slice(file: BinaryIO, array: Array, at: int, count: int) -> np.ndarray:
    """Return some rows of an array: (count, width), row-major."""
    size, width = array.dtype.itemsize, array.width
    if not array.fortran or width == 1:
        file.seek(at * width * size)
        return np.frombuffer(file.read(count * width * size), array.dtype).reshape(count, width)
    columns = np.empty((width, count), array.dtype)
    for n in range(width):
        file.seek((n * array.shape[0] + at) * size)
        columns[n] = np.frombuffer(file.read(count * size), array.dtype)
    # In the order of Fortran the first of the inner axes runs fastest.
    inner = np.arange(width).reshape(array.shape[1:], order="F").reshape(-1)
    return columns[inner].T


def _native(cells: np.ndarray) -> np.ndarray:
    return np.asfortranarray(cells.astype(cells.dtype.newbyteorder("=")))


def _cells_path(path: Path, n: int) -> Path:
    return path.with_name(f"{path.name}.array{n}")
