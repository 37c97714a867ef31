"""A picture becomes the numbers of its pixels, in the order and the range of the data, and nothing else is read."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.columns import Column, TableInfo
from services.errors import InvalidRequest
from services.predictions.pictures import ImageInput, drawn, input_of, numbers_of, row_of

RGB = ImageInput(3, 2, 2, 0.0, 255.0)
GREY = ImageInput(1, 2, 2, 0.0, 1.0)
#: Rows of pixels, each with red, green and blue.
PIXELS = np.array([[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [100, 110, 120]]], dtype=np.uint8)


def file_of(picture: Image.Image, kind: str = "PNG", **how: Any) -> io.BytesIO:
    """Return a picture as a file."""
    written = io.BytesIO()
    picture.save(written, kind, **how)
    written.seek(0)
    return written


def columns(low: float, high: float, count: int) -> TableInfo:
    """Return so many pixels as columns, of these extremes."""
    return TableInfo(5, [Column(f"p{n}", "number", min=low, max=high) for n in range(count)])


def test_a_picture_of_the_right_size_is_its_pixels_channel_by_channel() -> None:
    numbers = numbers_of(file_of(Image.fromarray(PIXELS)), RGB)

    assert numbers == [10, 40, 70, 100, 20, 50, 80, 110, 30, 60, 90, 120]


def test_grey_is_scaled_to_the_range_of_the_data() -> None:
    grey = Image.fromarray(np.array([[0, 51], [102, 255]], dtype=np.uint8))

    assert numbers_of(file_of(grey), GREY) == pytest.approx([0, 0.2, 0.4, 1])
    wide = ImageInput(1, 2, 2, -1.0, 1.0)
    assert numbers_of(file_of(grey), wide) == pytest.approx([-1, -0.6, -0.2, 1])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_large_picture_is_made_smaller(kind: str) -> None:
    numbers = numbers_of(file_of(Image.new("RGB", (640, 480), (200, 100, 50)), kind), RGB)

    assert np.abs(np.reshape(numbers, (3, 4)) - [[200], [100], [50]]).max() <= 2  # as much as JPEG loses


def test_what_is_transparent_is_white_and_16_bits_are_8() -> None:
    clear = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    deep = Image.fromarray(np.full((2, 2), 51 * 257, dtype=np.uint16))

    assert numbers_of(file_of(clear), GREY) == [1, 1, 1, 1]
    assert numbers_of(file_of(deep), GREY) == pytest.approx([0.2] * 4)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (io.BytesIO(b"no picture"), "can't be read"),
        (io.BytesIO(file_of(Image.new("L", (64, 64))).getvalue()[:60]), "can't be read"),
        (file_of(Image.new("L", (2, 2)), "GIF"), "can't be read"),
        (file_of(Image.new("1", (4_001, 4_000))), "at most 16,000,000"),
    ],
    ids=["text", "cut short", "another format", "too many pixels"],
)
def test_what_is_no_picture_of_use_is_refused_with_what_to_do(file: io.BytesIO, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        numbers_of(file, GREY)

    assert says in refused.value.faults[0].detail
    assert refused.value.faults[0].hint


def test_numbers_are_drawn_as_the_picture_that_they_came_from() -> None:
    address = drawn(numbers_of(file_of(Image.fromarray(PIXELS)), RGB), RGB)

    png = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), PIXELS)


@pytest.mark.parametrize(
    ("low", "high", "span"), [(0, 1, (0, 1)), (3, 240, (0, 255)), (-0.4, 0.9, (-1, 1)), (0, 16, (0, 16))]
)
def test_the_columns_of_a_tensor_are_an_image(low: float, high: float, span: tuple[float, float]) -> None:
    data = {"columns": {"p": {"type": "tensor", "shape": [3, 2, 2]}}, "features": [f"p{n}" for n in range(12)]}

    assert input_of(data, columns(low, high, 12)) == ImageInput(3, 2, 2, *map(float, span))


@pytest.mark.parametrize("shape", [[2, 2, 2], [12], [1, 3, 2, 2], [3, 2, 3]])
def test_other_tensors_are_none(shape: list[int]) -> None:
    data = {"columns": {"p": {"type": "tensor", "shape": shape}}, "features": [f"p{n}" for n in range(12)]}

    assert input_of(data, columns(0, 1, 12)) is None


def test_the_items_of_a_plug_in_are_lists_in_lists() -> None:
    wanted = input_of({"plugin": "photos"}, TableInfo(9, [Column("features", "tensor", shape=[1, 2, 2])]))

    assert wanted is not None
    assert row_of([1.0, 2.0, 3.0, 4.0], wanted) == [[[1.0, 2.0], [3.0, 4.0]]]
    assert row_of([1.0], RGB) == [1.0]
