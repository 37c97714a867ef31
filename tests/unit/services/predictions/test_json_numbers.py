"""Numbers read from JSON without objects are those that Python reads, bit by bit."""

import json
import random
from typing import Any

import numpy as np
import pytest

from services.predictions import json_numbers
from services.predictions.json_numbers import numbers_of

ODD = ["5e-324", "2.2250738585072011e-308", "-0.0", "-0", "0.1", "1E5", "9007199254740993", "18446744073709551615"]
ODD += ["1.7976931348623157e308", "1e-400", "8.5e-1", "123456789.123456789123456789", "7.2057594037927933e16"]


@pytest.fixture(params=["simdjson", "orjson"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read with either library: a Python without the first one has the other."""
    if request.param == "orjson":
        monkeypatch.setattr(json_numbers, "simdjson", None)
    else:
        assert json_numbers.simdjson is not None
    return str(request.param)


@pytest.mark.usefixtures("reader")
def test_numbers_are_pythons_to_the_bit() -> None:
    source = random.Random(0)
    texts = ODD + [repr(source.uniform(-1, 1) * 10.0 ** source.randint(-300, 300)) for _ in range(2_000)]
    body = f'{{"x": [[{"], [".join(texts)}]]}}'.encode()

    found = numbers_of(body, "x")

    expected = np.array([float(row[0]) for row in json.loads(body)["x"]])
    assert found is not None
    assert found.tobytes() == expected.tobytes()


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("size", [10, json_numbers.KEPT_BYTES])
def test_what_was_read_stays_when_the_next_text_is_read(size: int) -> None:
    first = numbers_of(b'{"x": [[1, 2]]}' + b" " * size, "x")
    numbers_of(b'{"x": [[3, 4]]}', "x")

    assert first is not None
    assert first.tolist() == [1, 2]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "body", [b"", b'{"y": [1]}', b'{"x": [1,]}', b'{"x": [1 2]}', b'{"x": [01]}', b'{"x": [1]}1', b"[1]"]
)
def test_no_numbers_come_of_what_is_no_json(body: Any) -> None:
    assert numbers_of(body, "x") is None
    assert numbers_of(b'{"x": [1]}', "x") is not None
