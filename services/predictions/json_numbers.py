"""The numbers of a JSON text as one array, without an object for each of them."""

import threading
from contextlib import suppress
from typing import Any

import numpy as np
import orjson

simdjson: Any = None
with suppress(ImportError):  # where there is no wheel, orjson takes four times as long
    import simdjson

KEPT_BYTES = 1 << 18  #: a thread keeps the memory that reading so long a text took; new memory doubles the time
_parsers = threading.local()


def numbers_of(text: bytes, key: str) -> np.ndarray | None:
    """Return the numbers in the lists at a key of an object, in their order; None if it is not JSON or has no key.

    The caller knows that there are only lists and numbers, and how they are nested.

    Shapes: returns (numbers,) float64.
    """
    try:
        if simdjson is None:
            return np.array(orjson.loads(text)[key], dtype=np.float64).reshape(-1)
        return np.frombuffer(_parser(len(text)).parse(text)[key].as_buffer(of_type="d"))
    except (ValueError, KeyError, TypeError, RuntimeError):  # the last: an integer beyond 64 bits
        return None


def _parser(size: int) -> Any:
    if size > KEPT_BYTES:
        return simdjson.Parser()
    if not hasattr(_parsers, "kept"):
        _parsers.kept = simdjson.Parser()
    return _parsers.kept
