"""Features of a shape, as lists in lists, become rows of numbers."""

from typing import Any

import numpy as np

from services.errors import Fault, InvalidRequest
from services.specs.parse.faults import pointer_of, short
from services.specs.schema.predict import Predict

MAX_FLOAT32 = float(np.finfo(np.float32).max)


def rows_of(asked: Predict, shape: list[int]) -> np.ndarray:
    """Return each example's numbers in a row: (rows, product of the shape) float32.

    Raises: InvalidRequest with every place where the lists have another shape, or hold what is no number.
    """
    if asked.x is None:
        detail = "is for the columns of a table; this model takes the features of a plug-in's items: send x"
        raise InvalidRequest([Fault("#/records", "invalid", detail)])
    faults: list[Fault] = []
    numbers = [_numbers(example, shape, ["x", n], faults) for n, example in enumerate(asked.x)]
    if faults:
        raise InvalidRequest(faults)
    return np.asarray(numbers, dtype=np.float32)


def _numbers(value: Any, shape: list[int], path: list[Any], faults: list[Fault]) -> list[float]:
    if shape:
        if isinstance(value, list) and len(value) == shape[0]:
            return [it for n, part in enumerate(value) for it in _numbers(part, shape[1:], [*path, n], faults)]
        seen = f"has {len(value)} values" if isinstance(value, list) else f"is {short(value)!r}"
        faults.append(Fault(pointer_of(path), "shape_mismatch", f"{seen}; the model takes features of {shape} here"))
    elif isinstance(value, bool) or not isinstance(value, int | float):
        faults.append(Fault(pointer_of(path), "wrong_type", f"is {short(value)!r}; must be a number", short(value)))
    elif not abs(value) <= MAX_FLOAT32:
        faults.append(Fault(pointer_of(path), "out_of_range", "is too large a number", short(value)))
    return [] if shape else [value]
