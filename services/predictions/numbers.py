"""Rows that are numbers alone, read without a look at each value: most of what models are asked."""

import numpy as np
import orjson

from services.predictions.shapes import MAX_FLOAT32
from services.specs.parse.parser import LONG_INTEGER
from services.training.input.preprocessing import Preprocessing

_OF_NUMBERS = b"0123456789+-.eE,[] \t\r\n"
LEAST_LONG = 1e18  #: the least integer of 19 digits
_LEFT = b'{"x":}'  #: what is left of `{"x": [[1.5, 2], [3, 4]]}` without the characters of numbers and lists


def rows_of_numbers(body: bytes, preprocessing: Preprocessing, most: int) -> np.ndarray | None:
    """Return the rows of `{"x": [[…]]}` if every value is a number that every column takes as it is; None otherwise.

    None is no fault: whoever gets it reads the body value by value, and says what is wrong where.

    Shapes: returns (rows, features) float32.
    """
    if body.translate(None, _OF_NUMBERS) != _LEFT:
        return None
    if not preprocessing.takes_any_number:
        return None
    try:
        rows = orjson.loads(body)["x"]
        found = np.array(rows, dtype=np.float64)
    except (orjson.JSONDecodeError, ValueError, TypeError):
        return None
    shape = tuple(preprocessing.inputs[0].shape or (len(preprocessing.inputs),))
    if found.shape[1:] != shape or not 1 <= len(found) <= most:
        return None
    greatest = np.abs(found).max()
    if not greatest <= MAX_FLOAT32:
        return None
    # Looked for last: in a body of numbers alone that would take longer than to read it.
    if greatest >= LEAST_LONG and LONG_INTEGER.search(body):
        return None
    return found.reshape(len(found), -1).astype(np.float32)
