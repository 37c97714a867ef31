"""Where the column chunks of a Parquet file are, read from its footer.

Not by pyarrow: for a footer whose statistics contradict its schema, the accessors of its metadata end the whole process
(`terminate called after throwing an instance of 'parquet::ParquetException'`, pyarrow 26).
Source: github.com/apache/parquet-format, parquet.thrift (FileMetaData, RowGroup, ColumnChunk, ColumnMetaData).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.datasets.compact_protocol import Unreadable, Wanted, list_of, struct

MAGIC = b"PAR1"
ROW_GROUPS = 4  #: field of FileMetaData
COLUMNS, ROWS = 1, 3  #: fields of RowGroup
META = 3  #: field of ColumnChunk
VALUES, PACKED, DATA_PAGE, DICTIONARY_PAGE = 5, 7, 9, 11  #: fields of ColumnMetaData
GROUP: Wanted = {COLUMNS: {META: {}}}  # numbers are kept anyway


@dataclass(frozen=True)
class Chunk:
    """A column's values in a row group."""

    column: int
    rows: int  #: of the row group
    values: int
    begin: int
    end: int


def chunks(path: Path) -> Iterator[Chunk]:
    """Yield the column chunks of a file, row group by row group.

    Raises: Unreadable.
    """
    raw = _footer(path)
    count, at = list_of(raw, 0, ROW_GROUPS)
    for _ in range(count):
        group, at = struct(raw, at, GROUP)
        for column, chunk in enumerate(group.get(COLUMNS, [])):
            yield _chunk(column, group.get(ROWS, 0), chunk.get(META, {}))


def _footer(path: Path) -> bytes:
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or not 0 < length <= size - 12:
            raise Unreadable
        file.seek(size - 8 - length)
        return file.read(length)


def _chunk(column: int, rows: int, meta: dict[int, int]) -> Chunk:
    try:
        begin, packed, values = meta[DATA_PAGE], meta[PACKED], meta[VALUES]
    except KeyError as error:
        raise Unreadable from error
    if meta.get(DICTIONARY_PAGE):
        begin = min(begin, meta[DICTIONARY_PAGE])
    if begin < 0 or packed < 0:
        raise Unreadable
    return Chunk(column, rows, values, begin, begin + packed)
