"""Reads files that carry their own types: Parquet, JSON Lines and NPZ."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json
from pyarrow import parquet

from services.datasets.tabulating import Batches
from services.errors import Fault, InvalidRequest, TooLarge

BATCH_ROWS = 65_536
MAX_RATIO = 100  #: an archive may grow by so much when unpacked


def read_parquet(path: Path) -> Batches:
    """Return what gives the rows of a Parquet file.

    Raises: InvalidRequest when it is damaged.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with parquet.ParquetFile(path) as file:
                yield from file.iter_batches(batch_size=BATCH_ROWS, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable("Parquet", error) from error

    return batches


def read_jsonl(path: Path) -> Batches:
    """Return what gives the rows of a JSON Lines file, an object a line.

    Raises: InvalidRequest naming the row that is no object, or whose value is of another type than above.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from arrow_json.read_json(path, arrow_json.ReadOptions(use_threads=False)).to_batches(BATCH_ROWS)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable("JSON Lines", error) from error

    return batches


def read_npz(path: Path, max_bytes: int) -> Batches:
    """Return what gives the rows of an NPZ archive: a matrix becomes the columns <name>0 ..., a vector a column.

    Raises: InvalidRequest when an array holds objects or the lengths differ; TooLarge when it unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise _unreadable("NPZ", error) from error
    if unpacked > min(max_bytes, MAX_RATIO * max(path.stat().st_size, 10_000)):
        raise TooLarge(f"The archive unpacks to {unpacked} bytes.", limit_bytes=max_bytes)

    def batches() -> Iterator[pa.RecordBatch]:
        columns = _npz_columns(path)
        table = pa.table({name: pa.array(cells) for name, cells in columns.items()})
        yield from table.to_batches(BATCH_ROWS)

    return batches


def _npz_columns(path: Path) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise _unreadable("NPZ", error) from error
    for name, array in found.items():
        if array.ndim not in {1, 2} or array.dtype.kind not in "biufU":
            detail = f"array {name!r} is {array.ndim}-dimensional {array.dtype}; numbers and texts in 1 or 2 are read"
            raise InvalidRequest([Fault("#/data", "shape_mismatch", detail)])
        if array.ndim == 1 or array.shape[1] == 1:
            columns[name] = array.reshape(-1)
        else:
            columns |= {f"{name}{n}": np.ascontiguousarray(array[:, n]) for n in range(array.shape[1])}
    if not columns:
        raise InvalidRequest([Fault("#/data", "empty", "has no arrays")])
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        detail = f"has arrays of different lengths: {lengths}"[:200]
        raise InvalidRequest([Fault("#/data", "length_mismatch", detail)])
    return columns


def _unreadable(kind: str, error: Exception) -> InvalidRequest:
    words = str(error).split("\n")[0][:200]
    row = re.search(r"in row (\d+)", words)
    location = {"row": int(row[1]), "line": int(row[1]) + 1} if row else None
    return InvalidRequest(
        [Fault("#/data", "bad_value" if row else "unreadable", f"is no good {kind}: {words}", location=location)]
    )
