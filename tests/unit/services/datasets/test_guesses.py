"""What cells are taken for is told, and can be said otherwise: numbers written as texts, codes, indexes, headers."""

import decimal
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from services.columns import Column
from services.datasets.cells import value_of
from services.datasets.data_warnings import warnings_of
from services.datasets.ingest import Ingested, identity, ingest
from services.datasets.table_limits import TableLimits
from services.errors import InvalidRequest
from services.specs.schema.file_options import FileOptions


def read(folder: Path, raw: str | bytes, name: str = "a.csv", **options: Any) -> tuple[Ingested, np.ndarray]:
    """Ingest bytes as the options say."""
    (folder / "original").write_bytes(raw.encode() if isinstance(raw, str) else raw)
    said = FileOptions(**options)
    found = ingest(folder / "original", folder / "table", name=name, limits=TableLimits(), options=said)
    return found, np.fromfile(folder / "table", "<f4").reshape(found.info.rows, -1)


def parquet_of(**columns: list[Any]) -> bytes:
    """Return a Parquet file of these columns."""
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def codes(found: Ingested) -> set[str]:
    """Return the codes of what is told."""
    return {warning["code"] for warning in warnings_of(found.info, found.dialect)}


def column(*cells: Any, name: str = "v") -> str:
    """Return a CSV of a column and one of numbers."""
    return f"{name};y\n" + "".join(f"{cell};{n}.5\n" for n, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("cells", "options", "numbers"),
    [
        (["1,234", "12,345.5", "7"], {"thousands": ","}, [1234, 12345.5, 7]),
        (["1.234,5", "12,25", "-7"], {"thousands": ".", "decimal": ","}, [1234.5, 12.25, -7]),
        (["1 234", "12", "3 456 789"], {"thousands": " "}, [1234, 12, 3456789]),
        (["0,5", "1,5", "-2,25"], {"decimal": ","}, [0.5, 1.5, -2.25]),
    ],
)
def test_separators_that_are_named_are_read(
    tmp_path: Path, cells: list[str], options: dict[str, str], numbers: list[float]
) -> None:
    _, table = read(tmp_path, f"v;w\n{cells[0]};a\n{cells[1]};b\n{cells[2]};c\n", **options)

    assert table[:, 0].tolist() == numbers


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [(["5%", "12.5 %"], [5, 12.5]), (["$1.50", "-$2"], [1.5, -2]), (["3 €", "€4"], [3, 4])],
)
def test_signs_are_left_out_of_a_column_that_is_said_to_be_of_numbers(
    tmp_path: Path, cells: list[str], numbers: list[float]
) -> None:
    guessed, _ = read(tmp_path, column(*cells))
    found, table = read(tmp_path, column(*cells), columns={"v": "number"})

    assert guessed.info.column("v").type == "category"
    assert table[:, 0].tolist() == numbers
    assert found.info.column("v").guess is None


@pytest.mark.parametrize("cells", [["1,234", "5,678"], ["0,5", "1,5"], ["5%", "6%"], ["$5", "$6"]])
def test_numbers_that_are_read_as_texts_are_told(tmp_path: Path, cells: list[str]) -> None:
    found, _ = read(tmp_path, column(*cells))

    assert "disguised_numbers" in codes(found)
    assert found.info.column("v").against == 2


def test_a_code_among_numbers_is_a_fault_that_says_what_to_do(tmp_path: Path) -> None:
    text = column(*["3+" if n % 12 == 0 else n % 3 for n in range(60)])
    with pytest.raises(InvalidRequest) as caught:
        read(tmp_path, text)
    found, _ = read(tmp_path, text, columns={"v": "category"})

    assert "columns[v]=category" in str(caught.value.faults[0].hint)
    assert found.info.column("v").values == ["0", "1", "2", "3+"]


def test_labels_with_leading_zeros_come_back_as_they_were(tmp_path: Path) -> None:
    found, table = read(tmp_path, column(*[f"0{n % 3}" for n in range(9)]))

    assert [value_of(cell, found.info.columns[0]) for cell in table[:3, 0].tolist()] == ["00", "01", "02"]
    assert "leading_zeros" in codes(found)
    assert read(tmp_path, column("01", "02"), columns={"v": "number"})[1][:, 0].tolist() == [1, 2]


@pytest.mark.parametrize("cells", [("007", "1.0", "1"), ("01", "1e1", ".0"), ("+1", "00", "-2")])
def test_labels_that_are_whole_numbers_written_otherwise_come_back_as_they_were(
    tmp_path: Path, cells: tuple[str, ...]
) -> None:
    found, table = read(tmp_path, column(*cells), columns={"v": "category"})

    assert [str(value_of(cell, found.info.columns[0])) for cell in table[:, 0].tolist()] == list(cells)


def test_decimals_of_parquet_can_be_classes(tmp_path: Path) -> None:
    stream = io.BytesIO()
    parquet.write_table(pa.table({"v": [1.0, 2.5, None, 1e20]}), stream)

    found, table = read(tmp_path, stream.getvalue(), name="a.parquet", columns={"v": "category"})

    assert found.info.columns[0].values == [1, 2.5, 1e20]
    assert table[:, 0].tolist()[:2] == [0, 1]
    assert np.isnan(table[2, 0])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_codes_of_eight_digits_come_back_to_the_bit(tmp_path: Path, kind: str) -> None:
    labels = [[84713001, 84713003, 85171301][n % 3] for n in range(60)]
    raw = column(*labels).encode() if kind == "csv" else parquet_of(v=labels)

    found, table = read(tmp_path, raw, f"a.{kind}")

    assert [value_of(cell, found.info.columns[0]) for cell in table[:, 0].tolist()] == labels
    assert "large_codes" in codes(found)


def test_large_numbers_of_many_values_stay_numbers(tmp_path: Path) -> None:
    found, _ = read(tmp_path, column(*[20_000_000 + 1_000 * n for n in range(60)]))

    assert found.info.column("v").type == "number"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_index_that_pandas_wrote_is_told_and_names_rows(tmp_path: Path, kind: str) -> None:
    index = np.random.default_rng(0).permutation(30)[:24].tolist()
    rows = "".join(f"{at},{at / 7}\n" for at in index)
    raw = f",f\n{rows}".encode() if kind == "csv" else parquet_of(f=[1.5] * 24, __index_level_0__=index)

    found, _ = read(tmp_path, raw, f"a.{kind}")

    (named,) = [c for c in found.info.columns if c.name != "f"]
    assert named.names_rows(found.info.rows)
    assert "index_column" in codes(found)


def test_the_numbers_that_pandas_gives_columns_without_names_are_names(tmp_path: Path) -> None:
    text = "0,1,2\n" + "0.5,1.5,-2.5\n" * 9

    found, _ = read(tmp_path, text)

    assert (found.info.rows, found.info.names) == (9, ["0", "1", "2"])
    assert "header_guessed" in codes(found)
    assert read(tmp_path, text, header=False)[0].info.rows == 10


def test_a_file_without_names_is_told(tmp_path: Path) -> None:
    assert "no_header" in codes(read(tmp_path, "1,2\n3,4\n")[0])


def test_what_stands_for_no_value_can_be_said(tmp_path: Path) -> None:
    text = column("NA", "CH", "", "-")

    assert read(tmp_path, text)[0].info.column("v").values == ["-", "CH"]
    assert read(tmp_path, text, na_values="-")[0].info.column("v").values == ["CH", "NA"]


def test_a_delimiter_can_be_said(tmp_path: Path) -> None:
    assert read(tmp_path, "a~b\n1~2\n", delimiter="~")[0].info.names == ["a", "b"]


def test_an_empty_column_is_told(tmp_path: Path) -> None:
    assert "empty_column" in codes(read(tmp_path, column("", "", ""))[0])


def test_decimals_of_parquet_are_numbers(tmp_path: Path) -> None:
    stream = io.BytesIO()
    cells = pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-3.25")], pa.decimal128(38, 2))
    parquet.write_table(pa.table({"n": cells}), stream)

    _, table = read(tmp_path, stream.getvalue(), "a.parquet")

    np.testing.assert_array_equal(table[:, 0], [1.5, np.nan, -3.25])


@pytest.mark.parametrize(
    ("raw", "word"), [("sep=;\na;b\n1;2\n", "sep="), ('[{"a": 1}]', "JSON Lines")], ids=["sep", "array"]
)
def test_what_is_not_read_is_named(tmp_path: Path, raw: str, word: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(tmp_path, raw)

    assert word in caught.value.faults[0].detail


def test_a_type_of_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(tmp_path, "a,b\n1,2\n", columns={"z": "number"})

    assert caught.value.faults[0].code == "unknown_column"


def test_whole_numbers_beyond_64_bits_are_shown() -> None:
    assert value_of(1e20, Column("a", "number", whole=True)) == 1e20
    assert isinstance(value_of(3.0, Column("a", "number", whole=True)), int)


def test_the_same_bytes_read_in_another_way_are_another_data_set() -> None:
    assert identity("ab", FileOptions()) == "ab"
    assert identity("ab", FileOptions(decimal=",")) != identity("ab", FileOptions(thousands=","))


@pytest.mark.parametrize(
    ("cells", "number"),
    [
        (["1\u00a0234", "12\u00a0000"], 1234.0),
        (["1\u202f234", "12\u202f000"], 1234.0),
        (["\u22121.5", "\u22122"], -1.5),
        (["(1.50)", "(2)"], -1.5),
        (["1.5 €", "2 €"], 1.5),
        (["12%", "7%"], 12.0),
    ],
    ids=["no-break space", "narrow space", "minus sign", "accountant's minus", "currency", "percent"],
)
def test_numbers_as_programs_for_tables_write_them_are_told_and_read_when_asked_for(
    tmp_path: Path, cells: list[str], number: float
) -> None:
    raw = column(*cells * 6)
    assert "disguised_numbers" in codes(read(tmp_path, raw)[0])

    _, table = read(tmp_path, raw, columns={"v": "number"}, thousands=" ")

    assert table[0, 0] == np.float32(number)


@pytest.mark.parametrize(
    "date", ["28/11/2026", "28.11.2026", "11-28-26", "2026/11/28", "28-Nov-2026", "08:30", "8:30 PM"]
)
def test_dates_in_another_form_are_told(tmp_path: Path, date: str) -> None:
    found, _ = read(tmp_path, column(*[date, date.replace("8", "7")] * 6))

    assert found.info.column("v").type == "category"
    assert found.info.column("v").guess == "disguised_dates"
    assert "disguised_dates" in codes(found)


@pytest.mark.parametrize("text", ["1.2.3", "10.0.0.1", "chapter 1", "2026-11-28"])
def test_other_texts_are_not_taken_for_such_dates(tmp_path: Path, text: str) -> None:
    assert "disguised_dates" not in codes(read(tmp_path, column(*[text] * 12))[0])


def test_numbers_that_float32_can_not_hold_apart_are_told(tmp_path: Path) -> None:
    large = parquet_of(v=pa.array([2**63 + n for n in range(30)], pa.uint64()), y=list(range(30)))
    lines = "\n".join(f'{{"v": {2**70 + n}, "y": {n}}}' for n in range(30))
    tiny = column(*[f"{n}e-320" for n in range(30)])

    assert "inexact_numbers" in codes(read(tmp_path, large, "a.parquet")[0])
    assert "inexact_numbers" in codes(read(tmp_path, lines, "a.jsonl")[0])
    assert "inexact_numbers" in codes(read(tmp_path, tiny)[0])
