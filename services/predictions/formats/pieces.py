"""Large outputs piece by piece: each piece is bytes of its own, and all of them together make one file.

The numbers are those of a small answer. A CSV is its pieces one after the other; of a Parquet file each piece is a
small file, which becomes a row group of the whole one.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from services.cell_texts import safe_cell

COPY_BYTES = 1 << 20
COMMA, NEWLINE, NOTHING = (pa.scalar(text, pa.large_string()) for text in (",", "\n", ""))


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns of several blocks of rows as those of one."""
    found: dict[str, Any] = {}
    for name, first in parts[0].items():
        values = [part[name] for part in parts]
        found[name] = np.concatenate(values) if isinstance(first, np.ndarray) else list(chain.from_iterable(values))
    return found


def piece_of(columns: dict[str, Any], format: str, *, first: bool, about: dict[str, str]) -> bytes:
    """Return the bytes of a piece; `first`: the file begins with it; `about` is kept in a Parquet's schema."""
    if format == "csv":
        return (_row(columns) if first else b"") + _csv(columns)
    table = pa.table(columns).replace_schema_metadata(about)
    sink = io.BytesIO()
    parquet.write_table(table, sink, use_dictionary=_coded(table.schema))
    return sink.getvalue()


def assemble(pieces: Iterable[Path], target: Path, format: str) -> tuple[int, str]:
    """Write one file out of all pieces, holding one at a time; return its size and SHA-256."""
    (_concatenated if format == "csv" else _row_groups)(pieces, target)
    digest = hashlib.sha256()
    for block in _blocks(target):
        digest.update(block)
    return target.stat().st_size, digest.hexdigest()


def _concatenated(pieces: Iterable[Path], target: Path) -> None:
    with open(target, "wb") as output:
        for path in pieces:
            output.writelines(_blocks(path))


def _row_groups(pieces: Iterable[Path], target: Path) -> None:
    with ExitStack() as opened:
        writer = None
        for path in pieces:
            table = parquet.read_table(path, memory_map=False)
            if writer is None:
                dictionary = _coded(table.schema)
                writer = opened.enter_context(parquet.ParquetWriter(target, table.schema, use_dictionary=dictionary))
            writer.write_table(table)


def _coded(schema: pa.Schema) -> list[str]:
    """Return the columns whose values repeat: to look for repetitions among real numbers is slow and finds none."""
    return [field.name for field in schema if not pa.types.is_floating(field.type)]


def _row(texts: Any) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow([safe_cell(text) for text in texts])
    return line.getvalue().encode()


def _csv(columns: dict[str, Any]) -> bytes:
    """Return rows of a CSV. Joined by Arrow: Python's own writer takes ten times as long as a small net."""
    texts = [_texts(values) for values in columns.values()]
    ended = pc.binary_join_element_wise(texts[-1], NEWLINE, NOTHING)
    lines = pc.binary_join_element_wise(*texts[:-1], ended, COMMA) if len(texts) > 1 else ended
    return _content(lines)


def _texts(values: Any) -> pa.Array:
    """Return values as the texts of their cells, numbers with the digits of float64 as Python writes them."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return pc.cast(pa.array(values.astype(np.float64)), pa.large_string())
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    known = {value: _row([value]).decode()[:-1] for value in set(listed)}
    return pa.array([known[value] for value in listed], pa.large_string())


def _content(texts: pa.Array) -> bytes:
    """Return the characters of all texts of an array, one after the other."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return bytes(memoryview(data)[ends[0] : ends[-1]])


def _blocks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while block := file.read(COPY_BYTES):
            yield block
