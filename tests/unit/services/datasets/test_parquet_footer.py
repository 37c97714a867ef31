"""The footer of a Parquet file says where its values are: the same as pyarrow reads in a file that is whole."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from services.datasets.compact_protocol import MAX_DEPTH, Unreadable, struct
from services.datasets.parquet_footer import Chunk, chunks

TABLE = pa.table(
    {
        "n": np.arange(1_000) / 7,
        "t": [f"text {n % 30}" for n in range(1_000)],
        "l": [[n, 1] for n in range(1_000)],
        "d": pa.array(range(1_000), pa.timestamp("us", "UTC")),
    }
)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"row_group_size": 100},
        {"use_dictionary": False, "compression": "none", "write_statistics": False},
        {"data_page_version": "2.0", "write_page_index": True, "write_page_checksum": True},
        {"version": "1.0", "store_schema": False, "column_encoding": "PLAIN", "use_dictionary": False},
    ],
    ids=["as it is", "ten row groups", "plain", "version 2", "version 1"],
)
def test_chunks_are_where_pyarrow_finds_them(tmp_path: Path, options: dict[str, Any]) -> None:
    parquet.write_table(TABLE, tmp_path / "a.parquet", **options)
    metadata = parquet.read_metadata(tmp_path / "a.parquet")

    found = list(chunks(tmp_path / "a.parquet"))

    theirs = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for n in range(group.num_columns):
            chunk = group.column(n)
            begin = min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
            end = begin + chunk.total_compressed_size
            theirs.append(Chunk(n, group.num_rows, chunk.num_values, begin, end))
    assert found == theirs


@pytest.mark.parametrize("kept", [0, 4, 11, 12, 500, -9, -1])
def test_a_file_that_is_cut_has_no_footer(tmp_path: Path, kept: int) -> None:
    stream = io.BytesIO()
    parquet.write_table(TABLE, stream)
    (tmp_path / "a.parquet").write_bytes(stream.getvalue()[:kept])

    with pytest.raises(Unreadable):
        list(chunks(tmp_path / "a.parquet"))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x1c" * 10_000,
        b"\x19" * 10_000,
        b"\x19\xf1\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x19\xf7\xff\xff\xff\xff\xff\x7f" + bytes(100),
        b"\x18\xff\xff\xff\x7f",
        b"\x15" + b"\xff" * 100,
        b"\x1b",
        b"\x15",
        b"",
    ],
    ids=["structs", "lists", "booleans", "doubles", "a text", "a number", "a map", "no value", "nothing"],
)
def test_what_says_more_than_it_holds_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        struct(raw, 0, {})


def test_structs_in_structs_are_read_to_a_depth() -> None:
    wanted: dict[int, Any] = {}
    for _ in range(MAX_DEPTH - 2):
        wanted = {1: wanted}
    raw = b"\x1c" * (MAX_DEPTH - 2) + b"\x15\x02" + bytes(MAX_DEPTH - 1)

    found, end = struct(raw, 0, wanted)

    assert end == len(raw)
    for _ in range(MAX_DEPTH - 2):
        found = found[1]
    assert found == {1: 1}
