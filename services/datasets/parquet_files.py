"""Reads Parquet. What its pages unpack to is looked up before they are unpacked, and texts are not spread out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from services.datasets.compact_protocol import Unreadable
from services.datasets.list_columns import spread
from services.datasets.parquet_pages import weigh
from services.datasets.table_limits import TableLimits
from services.datasets.tabulation import Batches, check_schema
from services.errors import Fault, InvalidRequest

BATCH_ROWS = 65_536
BATCH_BYTES = 16 << 20
#: What is raised for bytes that are not what they say; names that are not UTF-8 among them.
READ_ERRORS = (pa.ArrowException, UnicodeDecodeError, Unreadable, OSError)
MAX_CELL_BYTES = 128 * 1024  #: as in a CSV


def read(path: Path, limits: TableLimits) -> Batches:
    """Return what gives the rows of a Parquet file.

    Raises: InvalidRequest when it is damaged; TooLarge when it has, or unpacks to, too much.
    """
    try:
        with parquet.ParquetFile(path) as file:
            metadata, schema = file.metadata, file.schema_arrow
            limits.check_shape(metadata.num_rows, max(metadata.num_columns, 1))
            check_schema(schema, limits)
            rows = _batch_rows(weigh(path, file.schema, limits).bytes_of_row)
            texts = [_path(file.schema.column(n)) for n in range(metadata.num_columns)]
    except READ_ERRORS as error:
        raise _damaged() from error
    dictionaries = [text for text in texts if text]

    def batches() -> Iterator[pa.RecordBatch]:
        unpacked = 0
        try:
            with parquet.ParquetFile(path, read_dictionary=dictionaries, buffer_size=1 << 20) as file:
                widths: dict[str, int] = {}
                for batch in file.iter_batches(batch_size=rows, use_threads=False):
                    most, size = _text_bytes(batch)
                    unpacked += size
                    limits.check_bytes(unpacked)
                    step = max(1, BATCH_BYTES // max(most, 1))
                    for at in range(0, len(batch), step):
                        yield spread(batch.slice(at, step), widths, limits)
        except READ_ERRORS as error:
            raise _damaged() from error

    return batches


def _batch_rows(bytes_of_row: float) -> int:
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max(bytes_of_row, 1.0))))


def _path(column: Any) -> str | None:
    """Return the path of a column of texts."""
    is_text = column.physical_type == "BYTE_ARRAY" and column.logical_type.type in {"STRING", "ENUM"}
    return str(column.path) if is_text else None


def _text_bytes(batch: pa.RecordBatch) -> tuple[int, int]:
    """Return the bytes of the longest text of a batch, and of all of its texts.

    Raises: InvalidRequest when a text is longer than a cell may be.
    """
    longest = total = 0
    for name, cells in zip(batch.schema.names, batch.columns, strict=True):
        while pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
            cells = cells.flatten()
        if not pa.types.is_dictionary(cells.type):
            continue
        lengths = pc.binary_length(cells.dictionary)
        most = pc.max(lengths).as_py() or 0
        if most > MAX_CELL_BYTES:
            detail = f"column {name[:80]!r} has a text of {most:,} bytes; at most {MAX_CELL_BYTES:,} are read"
            raise InvalidRequest([Fault("#/data", "too_long", detail, location={"column": name[:200]})])
        longest, total = max(longest, most), total + (pc.sum(lengths.take(cells.indices)).as_py() or 0)
    return longest, total


def _damaged() -> InvalidRequest:
    hint = "write the file again, for example with pandas: df.to_parquet(path)"
    detail = "is not valid Parquet: it is damaged, or ends early"
    return InvalidRequest([Fault("#/data", "unreadable", detail, hint=hint)])
