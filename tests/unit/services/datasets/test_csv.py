"""CSV: dialects, headers, what is refused, and where it is said to be wrong."""

import csv
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.datasets.csv_dialect import is_header
from services.datasets.ingest import Ingested, ingest
from services.datasets.table_limits import TableLimits
from services.errors import BatchyardError, InvalidRequest


def read(folder: Path, text: str | bytes, name: str = "a.csv") -> tuple[Ingested, np.ndarray]:
    """Ingest a text; return what was learnt and its table."""
    original, table = folder / "original", folder / "table"
    original.write_bytes(text.encode() if isinstance(text, str) else text)
    found = ingest(original, table, name=name, limits=TableLimits())
    return found, np.fromfile(table, "<f4").reshape(found.info.rows, -1)


def refused(folder: Path, text: str | bytes, name: str = "a.csv") -> list[dict[str, Any]]:
    """Ingest a text that has faults; return them."""
    with pytest.raises(InvalidRequest) as caught:
        read(folder, text, name)
    return [fault.as_json() for fault in caught.value.faults]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_delimiters_and_line_ends_are_found(tmp_path: Path, delimiter: str, end: str) -> None:
    text = end.join(delimiter.join(row) for row in [("a", "b"), ("1", "x"), ("2", "y")]) + end
    found, table = read(tmp_path, text)

    assert found.info.names == ["a", "b"]
    assert found.dialect == {"delimiter": delimiter, "header": True, "encoding": "utf-8"}
    assert table.tolist() == [[1, 0], [2, 1]]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffa,b\n1,2\n")[0].info.names == ["a", "b"]


@pytest.mark.parametrize("number", ["1e400", "1e300", "-1e39"])
def test_a_number_beyond_float32_is_named_by_row_line_and_column(tmp_path: Path, number: str) -> None:
    (fault,) = refused(tmp_path, f'a,b\n1,"x\ny"\n\n,z\n{number},z\n')

    assert (fault["code"], fault["value"]) == ("bad_value", str(float(number)))
    assert fault["location"] == {"row": 2, "line": 6, "column": "a"}


MANY = 150_000  #: rows of numbers that are more than one block


@pytest.mark.parametrize(
    ("cell", "code", "row"),
    [
        (b"oops", "bad_value", MANY),
        (b"inf", "bad_value", MANY),
        (b"1e300", "bad_value", MANY),
        (b"\xe9", "csv_not_utf8", None),
    ],
)
def test_what_is_no_number_is_named_also_far_behind_numbers(
    tmp_path: Path, cell: bytes, code: str, row: int | None
) -> None:
    (fault,) = refused(tmp_path, b"a,b\n" + b"1.5,2.25\n" * MANY + cell + b",3\n")

    assert (fault["code"], fault["location"]["line"]) == (code, MANY + 2)
    assert fault["location"].get("row", row) in (row, MANY)


def test_a_column_of_numbers_may_go_on_with_texts(tmp_path: Path) -> None:
    found, table = read(tmp_path, "a,b\n" + "7,2.25\n" * MANY + "x,3\n" * MANY)

    assert found.info.columns[0].values == ["7", "x"]
    assert (table[0].tolist(), table[-1].tolist()) == ([0.0, 2.25], [1.0, 3.0])


def test_a_text_that_only_looks_like_a_large_number_is_a_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n12e999,1\nabc,2\ndef,3\n")[0].info.columns[0].type == "category"


@pytest.mark.parametrize("length", [20, 180], ids=["200 KB", "1.8 MB"])
def test_ten_thousand_columns_are_read(tmp_path: Path, length: int) -> None:
    names = [f"{'a' * length}{n}" for n in range(10_000)]
    found, table = read(tmp_path, ",".join(names) + "\n" + ",".join("1" * 10_000) + "\n")

    assert found.info.names == names
    assert table.shape == (1, 10_000)


def test_ragged_rows_are_named_by_their_lines(tmp_path: Path) -> None:
    faults = refused(tmp_path, 'a,b\n1,"x\ny"\n\n1,2,3\n4,5\n6\n')

    assert [fault["code"] for fault in faults] == ["csv_ragged_row"] * 2
    assert [fault["location"] for fault in faults] == [{"row": 1, "line": 5}, {"row": 3, "line": 7}]


def test_of_many_ragged_rows_the_rest_is_counted(tmp_path: Path) -> None:
    faults = refused(tmp_path, "a,b\n" + "1,2\n" * 100 + "1,2,3\n" * 500)

    assert len(faults) == 500
    assert len({fault["location"]["line"] for fault in faults}) == 100


@pytest.mark.parametrize(
    "text",
    ['a,b\n1,2\n3,"4\n5,6\n', 'a,b\n1,2\n"3,4\n5,6\n', 'a,b\n1,2\n3,"4', 'a,b\n1,2\n3,"' + "4,5\n" * 500_000],
    ids=["last column", "first column", "last line", "long"],
)
def test_a_quote_that_does_not_close_is_named_by_its_line(tmp_path: Path, text: str) -> None:
    (fault,) = refused(tmp_path, text)

    assert (fault["code"], fault["location"]["line"]) == ("csv_unclosed_quote", 3)


@pytest.mark.parametrize("length", [200_000, 3_000_000])
def test_a_cell_that_is_too_long_is_named(tmp_path: Path, length: int) -> None:
    (fault,) = refused(tmp_path, "a,b\n1,2\n3," + "x" * length + "\n")

    assert (fault["code"], fault["location"]["line"]) == ("csv_cell_too_long", 3)


@pytest.mark.parametrize("text", ["", "NA", "N/A", "#N/A", "<NA>", "NaN", "null", "None", "?"])
def test_texts_that_stand_for_no_value_are_missing(tmp_path: Path, text: str) -> None:
    found, table = read(tmp_path, f"a,b\n1,x\n{text},y\n3,x\n")

    assert [(c.type, c.missing) for c in found.info.columns] == [("number", 1), ("category", 0)]
    np.testing.assert_array_equal(table[:, 0], [1, np.nan, 3])


def test_a_row_after_a_missing_value_is_named_rightly(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, "a,b\n" + ",1\n" + "1,1\n" * 30 + "oops,1\n")

    assert fault["location"] == {"row": 31, "line": 33, "column": "a"}


@pytest.mark.parametrize(
    ("first", "below", "header"),
    [
        (["a", "b"], [["1", "2"]], True),
        (["1", "2"], [["3", "4"]], False),
        (["5.1", "setosa"], [["4.9", "setosa"]], False),
        (["year", "2019", "2020"], [["north", "1", "2"]], True),
        (["year", "2019", "2020"], [["x", "2019", "2021"]], False),
        (["1", "2"], [["x", "y"]], True),
        (["id", "7"], [["1", "2"]], True),
        (["1", "NA"], [["2", "3"]], False),
        (["7"], [], False),
    ],
)
def test_a_first_row_is_a_header_if_the_rows_below_are_of_another_kind(
    first: list[str], below: list[list[str]], header: bool
) -> None:
    assert is_header(first, below) is header


def test_whole_numbers_that_float32_rounds_are_no_classes(tmp_path: Path) -> None:
    found, _ = read(tmp_path, "a,b\n16777216,1\n16777217,2\n")

    assert [column.values for column in found.info.columns] == [None, [1, 2]]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"a,b\n", b"a\xff,b\n1,2\n", b"a,a\n1,2\n", b"a,\n1,2\n", b"a\0,b\n"])
def test_a_file_of_no_use_is_refused(tmp_path: Path, text: bytes) -> None:
    assert refused(tmp_path, text)


def test_a_byte_that_is_not_utf8_is_named_by_its_line(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, b'a,b\n\n"1",caf\xe9\n')

    assert (fault["code"], fault["location"]) == ("csv_not_utf8", {"byte": 12, "line": 3})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_numbers_come_back_to_the_bit(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    text = "a,b\n" + "".join(f"{number!r},x\n" for number in numbers)
    _, table = read(tmp_path_factory.mktemp("csv"), text)

    assert table[:, 0].tolist() == numbers


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet='ab ,;"\n\u00e9\u2028', min_size=1, max_size=5), min_size=1, max_size=20))
def test_texts_come_back_whatever_is_in_them(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *((text, "x") for text in texts)])
    found, table = read(tmp_path_factory.mktemp("csv"), stream.getvalue())

    column = found.info.columns[0]
    assert [(column.values or [])[int(code)] for code in table[:, 0]] == texts


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.text(alphabet='ab1,;"\n\r\t .eE-{}[]:', max_size=60).map(str.encode)),
    st.sampled_from(["a.csv", "a.jsonl", "a.npz", "a.parquet"]),
    st.sampled_from([b"", b"PAR1", b"PK\x03\x04", b"{", b"a,b\n"]),
)
def test_random_bytes_raise_only_our_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str, head: bytes
) -> None:
    with suppress(BatchyardError):
        read(tmp_path_factory.mktemp("random"), head + data, name)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a,b\n" + "1,2\n" * 300_000 + '1,"' + "x\n" * 800_000, "csv_unclosed_quote"),
        ("a,b\n1,2\n" + "," * 3_000_000 + "\n", "csv_ragged_row"),
        ('a,b\n1,2\n"x" y,2\n"u\n', "csv_unreadable"),
    ],
    ids=["a quote without end", "a row longer than a block", "a text after a quote"],
)
@pytest.mark.parametrize("seconds", [60.0, 0.0], ids=["found", "too far on to be found"])
def test_no_answer_has_the_words_of_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: str, seconds: float
) -> None:
    monkeypatch.setattr("services.datasets.csv_faults.MAX_DIAGNOSIS_S", seconds)

    (fault, *_) = refused(tmp_path, text)

    assert fault["code"] == code or not seconds
    words = ("straddl", "block_size", "Expected", "CSV parse", "expected after", "field larger", "unexpected end")
    assert not any(word in str(fault) for word in words)
