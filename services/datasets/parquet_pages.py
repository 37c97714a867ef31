"""Reads the headers of a Parquet file's pages: how large each is unpacked, before anything is unpacked.

Source: github.com/apache/parquet-format, parquet.thrift (PageHeader).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from services.datasets.compact_protocol import Unreadable, Wanted, struct
from services.datasets.parquet_footer import chunks
from services.datasets.table_limits import TableLimits
from services.errors import TooLarge

MAX_PAGE_BYTES = 32 << 20  #: a page is unpacked at once; writers make pages of about 1 MB
MAX_PAGE_LIST_VALUES = 4 << 20  #: of lists, which are read whole
MAX_PAGES = 1_000_000
HEADER_BYTES = 16 << 10  #: the longest header; writers leave long statistics out

UNPACKED, PACKED = 2, 3  #: fields of PageHeader
DATA, DATA_V2 = 5, 8  #: fields of PageHeader: what the page is, with its number of values as field 1
PAGE: Wanted = {DATA: {}, DATA_V2: {}}  # numbers are kept anyway


@dataclass
class Weights:
    """How heavy the rows of a file are."""

    bytes_of_row: float = 0.0  #: of the heaviest pages, summed over the columns


def weigh(path: Path, schema: Any, limits: TableLimits) -> Weights:
    """Walk through the pages of a file by their headers; return how heavy its rows are.

    Raises: TooLarge when a page, or all together, unpack to too much; Unreadable.
    """
    heaviest: dict[int, float] = {}
    is_list = [schema.column(n).max_repetition_level > 0 for n in range(len(schema))]
    total = pages = 0
    with open(path, "rb") as file:
        for chunk in chunks(path):
            if chunk.column >= len(is_list):
                raise Unreadable
            place, weight = chunk.begin, 0.0
            while place < chunk.end:
                header, length = _header(file, place)
                pages += 1
                unpacked, values = _check(header, is_list[chunk.column])
                total += unpacked
                limits.check_bytes(total)
                if pages > MAX_PAGES:
                    raise TooLarge(f"The file has more than {MAX_PAGES:,} pages.", limit_pages=MAX_PAGES)
                if values is not None:
                    weight = max(weight, unpacked / max(values, 1))
                place += length + header[PACKED]
            each = chunk.values / max(chunk.rows, 1)
            heaviest[chunk.column] = max(heaviest.get(chunk.column, 0.0), each * max(weight, 8.0))
    return Weights(sum(heaviest.values()))


def _check(header: dict[int, Any], is_list: bool) -> tuple[int, int | None]:
    """Return how large a page is unpacked, and the number of its values; None for a dictionary."""
    unpacked = header[UNPACKED]
    if unpacked > MAX_PAGE_BYTES:
        detail = f"A page of the file unpacks to {unpacked:,} bytes; at most {MAX_PAGE_BYTES:,} are read."
        raise TooLarge(detail, limit_bytes=MAX_PAGE_BYTES)
    data = header.get(DATA) or header.get(DATA_V2)
    values = data.get(1, 0) if data else None
    if is_list and values is not None and values > MAX_PAGE_LIST_VALUES:
        detail = f"A page of the file has lists of {values:,} values; at most {MAX_PAGE_LIST_VALUES:,} are read."
        raise TooLarge(detail, limit_values=MAX_PAGE_LIST_VALUES)
    return unpacked, values


def _header(file: BinaryIO, place: int) -> tuple[dict[int, Any], int]:
    file.seek(place)
    header, length = struct(file.read(HEADER_BYTES), 0, PAGE)
    if not all(header.get(key, -1) >= 0 for key in (UNPACKED, PACKED)):
        raise Unreadable
    return header, length
