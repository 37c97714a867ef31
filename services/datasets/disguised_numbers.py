"""Numbers that are written as texts: with separators, a decimal comma, a percent or currency sign, or leading zeros."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from services.cell_texts import NUMBER
from services.specs.schema.file_options import FileOptions

SIGNS = "[$€£¥%]"
DISGUISED = rf"^\s*{SIGNS}?\s*[+-]?\d{{1,3}}([,.' _]?\d{{3}})*([.,]\d+)?\s*{SIGNS}?\s*$"
LEADING_ZEROS = r"^\s*[+-]?0\d+\s*$"


def has_leading_zeros(cells: pa.Array) -> bool:
    """Return whether a cell is a whole number with a leading zero."""
    return bool(pc.any(pc.match_substring_regex(cells, LEADING_ZEROS)).as_py())


def count_leading_zeros(there: pa.Array) -> int:
    """Return how many texts are whole numbers with leading zeros."""
    return pc.sum(pc.match_substring_regex(there, LEADING_ZEROS)).as_py() or 0


def count_disguised(there: pa.Array) -> int:
    """Return how many texts would be numbers without signs and separators."""
    matches = pc.and_not(pc.match_substring_regex(there, DISGUISED), pc.match_substring_regex(there, NUMBER))
    return pc.sum(matches).as_py() or 0


def plain_numbers(batch: pa.RecordBatch, options: FileOptions) -> pa.RecordBatch:
    """Return a batch with the numbers of its texts as Python writes them, where the user said how they are written."""
    if not (options.decimal or options.thousands or options.columns):
        return batch
    columns = [
        _plain(cells, options, options.columns.get(name)) if pa.types.is_string(cells.type) else cells
        for name, cells in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, names=batch.schema.names)


def _plain(cells: pa.Array, options: FileOptions, kind: str | None) -> pa.Array:
    if kind == "category":
        return cells
    bare = pc.replace_substring_regex(cells, rf"{SIGNS}|^\s+|\s+$", "") if kind == "number" else cells
    decimal, thousands = options.decimal or ".", options.thousands
    whole = rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})*|\d+" if thousands else r"\d+"
    form = rf"^\s*[+-]?({whole})?({re.escape(decimal)}\d*)?([eE][+-]?\d+)?\s*$"
    found = pc.replace_substring(bare, thousands, "") if thousands else bare
    found = pc.replace_substring(found, decimal, ".") if decimal != "." else found
    return pc.if_else(pc.match_substring_regex(bare, form), found, bare)
