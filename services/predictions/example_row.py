"""A row to try a model with: one that validated it, so that the model has not learnt it."""

from typing import Any

import numpy as np
import orjson

from services.columns import TableInfo
from services.specs.parse.parser import read
from services.specs.schema.job import JobSpec
from services.training.input.split import split

MAX_ROWS = 1_000_000  #: splitting more takes longer than anybody waits for a form


def place(spec: dict[str, Any], info: TableInfo, table: np.ndarray) -> int | None:
    """Return the number of the first row that validated; None where none did, or finding it takes too long.

    Shapes: table (rows, columns).
    """
    if info.rows > MAX_ROWS:
        return None
    validation = split(read(JobSpec, orjson.dumps(spec)), info, table).validation
    return int(np.argmax(validation)) if validation.any() else None
