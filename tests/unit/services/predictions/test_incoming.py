"""Files of rows to predict that hold nothing, or too much in one place, are refused with what is wrong."""

import io

import pyarrow as pa
import pytest
from pyarrow import parquet

from services.errors import InvalidRequest
from services.predictions.formats.incoming import columns_of
from services.predictions.formats.media import Media


def empty_parquet() -> bytes:
    """Return a file of columns without rows."""
    sink = io.BytesIO()
    parquet.write_table(pa.table({"a": pa.array([], pa.float32())}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("body", "media", "code", "detail"),
    [
        (empty_parquet(), Media.PARQUET, "empty", "has no rows"),
        (b"a,b\n1," + b"1" * 200_000, Media.CSV, "unreadable", "more than 131072 characters at line 2"),
        (b'a,b\n1,"2\n3,4\n', Media.CSV, "unreadable", "has a quote at line 3 that does not close"),
    ],
    ids=["no rows", "a long value", "an open quote"],
)
def test_what_can_not_be_read_is_named(body: bytes, media: Media, code: str, detail: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        columns_of(body, media, 100)

    (fault,) = raised.value.faults
    assert fault.code == code
    assert detail in fault.detail
