"""JSON has numbers only: 9.0 is the whole number 9 where one belongs, as JSON Schema says, and a number elsewhere."""

from typing import Any

from pydantic import ValidationError

from services.specs.parse.faults import path_of

MOST = 2**53  #: from here on a float may stand for several whole numbers


def with_whole_numbers(data: Any, error: ValidationError) -> bool:
    """Write as whole numbers those floats that are one and were refused for not being one; return whether any was.

    Source: JSON Schema 2020-12, Validation, section 6.1.1: a number with a zero fractional part is an integer.
    """
    changed = False
    for found in error.errors(include_url=False):
        value = found["input"]
        if found["type"] == "int_type" and isinstance(value, float) and value.is_integer() and abs(value) < MOST:
            *path, last = path_of(found["loc"], data, found["type"])
            place = data
            for part in path:
                place = place[part]
            place[last] = int(value)
            changed = True
    return changed
