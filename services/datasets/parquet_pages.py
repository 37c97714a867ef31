"""Reads the headers of a Parquet file's pages: how large each is unpacked, before anything is unpacked.

Source: github.com/apache/parquet-format, parquet.thrift (PageHeader), and Thrift's compact protocol.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from services.datasets.table_limits import TableLimits
from services.errors import TooLarge

MAX_PAGE_BYTES = 32 << 20  #: a page is unpacked at once; writers make pages of about 1 MB
MAX_PAGE_LIST_VALUES = 4 << 20  #: of lists, which are read whole
MAX_PAGES = 1_000_000
HEADER_BYTES = 16 << 10  #: the longest header; writers leave long statistics out

TYPE, UNPACKED, PACKED = 1, 2, 3  #: fields of PageHeader
DATA, DICTIONARY, DATA_V2 = 5, 7, 8  #: fields of PageHeader: what the page is, with its number of values as field 1


class PageUnreadable(Exception):
    """The bytes are no header of a page."""


@dataclass
class Weights:
    """How heavy the rows of a file are."""

    bytes_of_row: float = 0.0  #: of the heaviest pages, summed over the columns


def weigh(path: Path, metadata: Any, limits: TableLimits) -> Weights:
    """Walk through the pages of a file by their headers; return how heavy its rows are.

    Raises: TooLarge when a page, or all together, unpack to too much; PageUnreadable.
    """
    heaviest: dict[int, float] = {}
    total = pages = 0
    with open(path, "rb") as file:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            for n in range(group.num_columns):
                chunk, is_list = group.column(n), metadata.schema.column(n).max_repetition_level > 0
                place, packed_end = _extent(chunk)
                weight = 0.0
                while place < packed_end:
                    header, length = _header(file, place)
                    pages += 1
                    unpacked, values = _check(header, is_list)
                    total += unpacked
                    limits.check_bytes(total)
                    if pages > MAX_PAGES:
                        raise TooLarge(f"The file has more than {MAX_PAGES:,} pages.", limit_pages=MAX_PAGES)
                    if values is not None:
                        weight = max(weight, unpacked / max(values, 1))
                    place += length + header[PACKED]
                each = chunk.num_values / max(group.num_rows, 1)
                heaviest[n] = max(heaviest.get(n, 0.0), each * max(weight, 8.0))
    return Weights(sum(heaviest.values()))


def _extent(chunk: Any) -> tuple[int, int]:
    begin = chunk.data_page_offset
    if chunk.dictionary_page_offset:
        begin = min(begin, chunk.dictionary_page_offset)
    return begin, begin + chunk.total_compressed_size


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
    raw = file.read(HEADER_BYTES)
    try:
        header, length = _struct(raw, 0)
    except IndexError as error:
        raise PageUnreadable from error
    if not all(isinstance(header.get(key), int) and header[key] >= 0 for key in (UNPACKED, PACKED)):
        raise PageUnreadable
    return header, length


def _struct(raw: bytes, at: int) -> tuple[dict[int, Any], int]:
    found: dict[int, Any] = {}
    field = 0
    while raw[at]:
        kind, step = raw[at] & 15, raw[at] >> 4
        at += 1
        if step:
            field += step
        else:
            field, at = _integer(raw, at)
        found[field], at = _value(raw, at, kind)
    return found, at + 1


def _value(raw: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (1, 2):
        return kind == 1, at
    if kind == 3:
        return raw[at], at + 1
    if kind in (4, 5, 6):
        return _integer(raw, at)
    if kind == 7:
        return None, at + 8
    if kind == 8:
        length, at = _varint(raw, at)
        return None, at + length
    if kind == 12:
        return _struct(raw, at)
    raise PageUnreadable  # a page's header has no lists


def _integer(raw: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(raw, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise PageUnreadable
