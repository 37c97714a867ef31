"""Rows that are numbers alone, read without a look at each value: most of what models are asked."""

import math
from functools import lru_cache

import numpy as np

from services.predictions.json_numbers import numbers_of
from services.predictions.shapes import MAX_FLOAT32
from services.specs.parse.parser import LONG_INTEGER
from services.training.input.preprocessing import Preprocessing

_OF_NUMBERS = b"0123456789+-.eE \t\r\n"
LEAST_LONG = 1e18  #: the least integer of 19 digits
_BEFORE, _AFTER = b'{"x":[', b"]}"
_AROUND = len(_BEFORE) + len(_AFTER)


def rows_of_numbers(body: bytes, preprocessing: Preprocessing, most: int) -> np.ndarray | None:
    """Return the rows of `{"x": [[…]]}` if every value is a number that every column takes as it is; None otherwise.

    None is no fault: whoever gets it reads the body value by value, and says what is wrong where.

    Shapes: returns (rows, features) float32.
    """
    if not preprocessing.takes_any_number:
        return None
    shape = tuple(preprocessing.inputs[0].shape or (len(preprocessing.inputs),))
    count = _count(body.translate(None, _OF_NUMBERS), _brackets(shape))
    if not 1 <= count <= most:
        return None
    numbers = numbers_of(body, "x")
    if numbers is None or len(numbers) != count * math.prod(shape):
        return None
    greatest = np.maximum.reduce(np.abs(numbers))
    if not greatest <= MAX_FLOAT32:
        return None
    # Looked for last: in a body of numbers alone that would take longer than to read it.
    if greatest >= LEAST_LONG and LONG_INTEGER.search(body):
        return None
    return numbers.reshape(count, -1).astype(np.float32)


def _count(bare: bytes, row: bytes) -> int:
    """Return how many rows a body has, given what is left of it without its numbers; 0 if it is no table of them."""
    count, rest = divmod(len(bare) - _AROUND + 1, len(row) + 1)
    if rest or count < 1:
        return 0
    return count if bare == _BEFORE + row + (b"," + row) * (count - 1) + _AFTER else 0


@lru_cache(maxsize=1_000)
def _brackets(shape: tuple[int, ...]) -> bytes:
    """Return the brackets and commas of lists in lists."""
    found = b""
    for size in reversed(shape):
        found = b"[" + b",".join([found] * size) + b"]"
    return found
