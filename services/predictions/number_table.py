"""Tables of numbers, taken as a whole: what a look at each column or value would find is known to be absent."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.predictions.shapes import MAX_FLOAT32
from services.training.input.preprocessing import Preprocessing


def stacked(given: Mapping[str, Sequence[Any] | np.ndarray], preprocessing: Preprocessing) -> np.ndarray | None:
    """Return named columns of numbers as one array, in the order of training; None if one is missing or no array.

    Shapes: given (rows,) each; returns (rows, features).
    """
    if not preprocessing.takes_any_number:
        return None
    columns = [given.get(column.name) for column in preprocessing.inputs]
    numbers = [column for column in columns if isinstance(column, np.ndarray) and column.dtype.kind in "iuf"]
    # Column after column in memory, as they come: rows are made of them block by block, in the processor's cache.
    return np.stack(numbers).T if len(numbers) == len(columns) else None


def whole_cells(given: np.ndarray, preprocessing: Preprocessing) -> np.ndarray | None:
    """Return an array of numbers as cells if each is there, fits, and its column takes it as it is; None otherwise.

    None is no fault: whoever gets it looks at each column, and says what is wrong where.

    Shapes: given (rows, features); returns (rows, features) float32.
    """
    if not preprocessing.takes_any_number or given.dtype.kind not in "iuf" or not given.size:
        return None
    if given.dtype.kind != "f":
        given = given.astype(np.float64)  # as each column would be: rounded twice where 53 bits do not hold it
    # A NaN makes the greatest a NaN, which is not at most anything.
    if not max(abs(float(given.max())), abs(float(given.min()))) <= MAX_FLOAT32:
        return None
    # The bytes of a request can't be written to, which torch does not like.
    return given if given.dtype == np.float32 and given.flags.writeable else np.array(given, dtype=np.float32)
