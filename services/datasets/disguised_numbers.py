"""Numbers and dates that are written as other texts than are read as such.

Numbers with separators, a decimal comma, a percent or currency sign, an accountant's minus or leading zeros; dates in
another order than that of ISO 8601, and times without a date.
"""

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from services.cell_texts import NUMBER
from services.specs.schema.file_options import FileOptions

SIGNS = "[$€£¥%]"
SPACES = "[\u00a0\u2007\u2009\u202f]"  #: that do not break a line, as programs put them between thousands
MINUS = "\u2212"  #: as typesetters write it
BARE = rf"{SIGNS}?\s*[+-]?{SIGNS}?\d{{1,3}}([,.' _’]?\d{{3}})*([.,]\d+)?\s*{SIGNS}?"
DISGUISED = rf"^\s*({BARE}|\({BARE}\))\s*$"
MONTH = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
CLOCK = r"\d{1,2}:\d\d(:\d\d)?\s*(?i:[ap]m)?"
DATE = (
    rf"\d{{1,2}}[./-]\d{{1,2}}[./-](\d\d|\d{{4}})|\d{{4}}[./]\d{{1,2}}[./]\d{{1,2}}|\d{{1,2}}[ -]{MONTH}[ -]\d{{2,4}}"
)
DATES = rf"^\s*(({DATE})([ T]{CLOCK})?|{CLOCK})\s*$"
LEADING_ZEROS = r"^\s*[+-]?0\d+\s*$"


def has_leading_zeros(cells: pa.Array) -> bool:
    """Return whether a cell is a whole number with a leading zero."""
    return bool(pc.any(pc.match_substring_regex(cells, LEADING_ZEROS)).as_py())


def count_leading_zeros(there: pa.Array) -> int:
    """Return how many texts are whole numbers with leading zeros."""
    return pc.sum(pc.match_substring_regex(there, LEADING_ZEROS)).as_py() or 0


def count_disguised(there: pa.Array) -> int:
    """Return how many texts would be numbers without signs and separators."""
    matches = pc.and_not(pc.match_substring_regex(_tidy(there), DISGUISED), pc.match_substring_regex(there, NUMBER))
    return pc.sum(matches).as_py() or 0


def count_dates(there: pa.Array) -> int:
    """Return how many texts are dates or times in a form that is not read as such."""
    return pc.sum(pc.match_substring_regex(there, DATES)).as_py() or 0


def plain_numbers(batch: pa.RecordBatch, options: FileOptions) -> pa.RecordBatch:
    """Return a batch with the numbers of its texts as Python writes them, where the user said how they are written."""
    if not (options.decimal or options.thousands or options.columns):
        return batch
    columns = [
        _plain(cells, options, options.columns.get(name)) if pa.types.is_string(cells.type) else cells
        for name, cells in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, names=batch.schema.names)


def plain_text(text: str, written: Mapping[str, Any]) -> str:
    """Return a number as Python writes it, where it is written as a column's cells are said to be; else the text."""
    said = {key: value for key, value in written.items() if key in {"decimal", "thousands"}}
    return str(_plain(pa.array([text]), FileOptions(**said), written.get("type"))[0].as_py())


def _plain(cells: pa.Array, options: FileOptions, kind: str | None) -> pa.Array:
    if kind == "category":
        return cells
    bare = _tidy(cells)
    if kind == "number":
        bare = pc.replace_substring_regex(bare, rf"{SIGNS}|^\s+|\s+$", "")
        bare = pc.replace_substring_regex(bare, r"^\((.*)\)$", r"-\1")
    decimal, thousands = options.decimal or ".", options.thousands
    whole = rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})*|\d+" if thousands else r"\d+"
    form = rf"^\s*[+-]?({whole})?({re.escape(decimal)}\d*)?([eE][+-]?\d+)?\s*$"
    found = pc.replace_substring(bare, thousands, "") if thousands else bare
    found = pc.replace_substring(found, decimal, ".") if decimal != "." else found
    return pc.if_else(pc.match_substring_regex(bare, form), found, bare if kind == "number" else cells)


def _tidy(cells: pa.Array) -> pa.Array:
    """Return texts with the spaces and the minus that a keyboard has."""
    return pc.replace_substring(pc.replace_substring_regex(cells, SPACES, " "), MINUS, "-")
