"""What a text means as a cell, in a file as in a prediction: a number, true or false, or no value."""

import re
from typing import Any

#: Texts that stand for no value.
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "None", "?"]
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  #: a text that begins so is run by programs that open a CSV
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_NUMBER = re.compile(NUMBER, re.ASCII)


def safe_cell(value: Any) -> Any:
    """Return a cell of a CSV that no program runs when it opens the file."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def number_of(text: str) -> float | None:
    """Return the number that a text is; None if it is none."""
    return float(text) if _NUMBER.match(text) else None


def text_of_code(value: float) -> str:
    """Return how a file writes a number that is the name of a category."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
