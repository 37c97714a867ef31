"""Reads the header of a NumPy array: its shape, the order of its cells and their type, before any of them."""

import tokenize
from typing import Any, BinaryIO

import numpy as np

MAX_BYTES = 10_000
#: NumPy reads a header as Python source, and lets through whatever that raises on nonsense.
ERRORS = (ValueError, KeyError, SyntaxError, EOFError, TypeError, RecursionError, MemoryError, tokenize.TokenError)


def read(stream: BinaryIO) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    """Return the shape, whether the order is Fortran's, and the type; the stream stands at the first cell then.

    Raises: ValueError.
    """
    try:
        version = np.lib.format.read_magic(stream)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = readers[version](stream, max_header_size=MAX_BYTES)
    except ERRORS as error:
        raise ValueError("no header of an array") from error
    # What is shorter than nothing would be read without end.
    if any(length < 0 for length in shape):
        raise ValueError("a shape of negative lengths")
    return tuple(map(int, shape)), bool(fortran), dtype
