"""Counts what a JSON text holds before it is parsed: a list takes a hundred times the memory of its two brackets."""

import re

from services.errors import TooLarge

BLOCK_BYTES = 1 << 20
FEW = 1_000  #: a text of fewer values is not worth counting exactly
STRING = re.compile(rb'"(?:[^"\\]|\\.)*+("?)', re.DOTALL)
REST = re.compile(rb'(?:[^"\\]|\\.)*+("?)', re.DOTALL)


def count_values(text: bytes) -> int:
    """Return how many values a JSON text has, at least where they are many: one more than there are commas."""
    commas = text.count(b",")
    return 1 + (commas if commas < FEW else without_strings(text).count(b","))


def without_strings(text: bytes) -> bytes:
    """Return a JSON text with two quotes for each string.

    In linear time, also where a string is never closed. Block by block, since a replacement holds all its pieces.
    """
    found: list[bytes] = []
    at = 0
    while at < len(text):
        end = min(at + BLOCK_BYTES, len(text))
        bare = STRING.sub(rb'"\1', text[at:end])
        at = end
        if bare.count(b'"') % 2:  # a string goes on in the next block, perhaps in the middle of an escape
            rest = REST.match(text, end - bare.endswith(b"\\"))
            at = rest.end() if rest else len(text)
            bare = bare.rstrip(b"\\") + b'"'
            if rest and rest.end() < len(text) and not rest[1]:
                break  # a lone backslash at the end
        found.append(bare)
    return b"".join(found)


def count_lists(text: bytes, few: int) -> int:
    """Return how many lists and objects a JSON text has, at least where they are more than `few`."""
    brackets = _lists_and_objects(text)
    return brackets if brackets <= few else _lists_and_objects(without_strings(text))


def _lists_and_objects(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def check_counts(body: bytes, *, max_rows: int, max_values: int) -> None:
    """Refuse a JSON text of too many lists and objects, or values.

    Raises: TooLarge.
    """
    if len(body) > min(max_rows, max_values):
        check_bare_counts(without_strings(body), max_rows=max_rows, max_values=max_values)


def check_bare_counts(bare: bytes, *, max_rows: int, max_values: int) -> None:
    """Do so for a JSON text that is without its strings already.

    Raises: TooLarge.
    """
    rows = _lists_and_objects(bare)
    if rows > max_rows:
        raise _too_large("lists and objects", rows, max_rows, "BATCHYARD_MAX_JSON_ROWS", limit_rows=max_rows)
    # A text takes the memory of three numbers; keys are kept but once.
    values = rows + bare.count(b",") + 2 * max(0, bare.count(b'"') // 2 - bare.count(b":"))
    if values > max_values:
        raise _too_large("values", values, max_values, "BATCHYARD_MAX_JSON_VALUES", limit_values=max_values)


def _too_large(what: str, found: int, limit: int, setting: str, **members: int) -> TooLarge:
    hint = "upload the rows as a data set: CSV, Parquet, JSON Lines or NPZ"
    detail = f"The body has {found:,} {what}; at most {limit:,} are read ({setting})."
    return TooLarge(detail, setting=setting, hint=hint, **members)
