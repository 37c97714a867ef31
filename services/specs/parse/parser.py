"""Reads a JSON body into a pydantic model: what is wrong with the text, and what is wrong with the values."""

import json
import re
from contextlib import suppress
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from services.errors import DuplicateKey, Fault, InvalidRequest, MalformedJSON, TooDeep
from services.settings import Settings
from services.specs.parse.faults import MANY_KEYS, faults_of, many_unknown_keys, pointer_of
from services.specs.parse.json_size import check_bare_counts, without_strings
from services.specs.parse.whole_numbers import with_whole_numbers

M = TypeVar("M", bound=BaseModel)

MAX_DEPTH = 32
STRING_OR_KEY = re.compile(rb'"(?:[^"\\]|\\.)*+"(\s*:)?')
PLACE = re.compile(r"(.*?) at line (\d+) column (\d+)", re.DOTALL)
LONG_INTEGER = re.compile(rb"[\[:,\s]-?\d{19}")  # perhaps beyond 64 bits
#: What the reader calls a fault, and what we do.
REASONS = {
    "trailing comma": "there is a comma before the closing bracket",
    "trailing characters": "there is something after the end of the JSON value",
    "key must be a string": "a key is not in double quotes",
    "expected `:`": "a colon is missing after a key",
    "expected `,` or": "a comma or the closing bracket is missing",
    "control character": "a string contains a line break or another control character: write it as an escape",
    "invalid escape": "a string contains a backslash that is not an escape: write it twice",
    "lone leading surrogate": "a string contains half a surrogate pair",
    "unexpected end of hex escape": "a string contains an escape that is too short",
    "invalid unicode code point": "a string is not UTF-8",
    "invalid number": "a number is written in a way that JSON does not allow",
    "number out of range": "a number is too large",
    "expected value": "a value is missing, or a string is not in double quotes",
    "expected ident": "there is a word that is neither true, false nor null",
}
#: What people write where JSON has a value.
AT_A_VALUE = (
    (re.compile("(True|False|None)\\b"), "write true, false and null in lower case"),
    (
        re.compile("-?(NaN|nan|Infinity|inf)\\b"),
        "JSON has neither NaN nor infinity: leave the value out, or write null",
    ),
    (re.compile("'"), "put strings in double quotes"),
    (re.compile("//|/\\*|#"), "JSON has no comments"),
    (re.compile("[.+][0-9]"), "start a number with a digit or a minus: 0.5"),
)
NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def read(
    model: type[M],
    body: bytes,
    *,
    max_rows: int = Settings.max_json_rows,
    max_values: int = Settings.max_json_values,
) -> M:
    """Return the model that a JSON body describes.

    Raises: MalformedJSON, TooDeep or DuplicateKey when the text is no JSON to work with; InvalidRequest with every
    fault of the values, each with its pointer; TooLarge, before it is parsed, when it has too many rows or values.
    """
    bare = without_strings(body)
    _check_depth(bare)
    check_bare_counts(bare, max_rows=max_rows, max_values=max_values)
    if body.count(b":") > MANY_KEYS:
        _check_known_keys(model, body)
    try:
        found = model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            words = str(first["ctx"]["error"])
            raise _unpaired(body) or _beyond_all(body, words) or _malformed(body, words) from None
        # The text is JSON, but perhaps with NaN in it, which the faster reader refuses.
        data = json.loads(body)
        if not with_whole_numbers(data, error):
            raise InvalidRequest(faults_of(error, data, model)) from None
        found = _checked(model, data)
    _check_keys(body)
    if b"\\u0000" in body or LONG_INTEGER.search(body):
        faults = _value_faults(json.loads(body), "#")
        if faults:
            raise InvalidRequest(faults)
    return found


def _checked(model: type[M], data: Any) -> M:
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise InvalidRequest(faults_of(error, data, model)) from None


def _check_known_keys(model: type[BaseModel], body: bytes) -> None:
    with suppress(orjson.JSONDecodeError):  # reported with its place later
        faults = many_unknown_keys(orjson.loads(body), model)
        if faults:
            raise InvalidRequest(faults)


def _check_depth(bare: bytes) -> None:
    """Count the levels before anything recursive reads the body.

    Without strings, only brackets are left; each round takes out the innermost pairs, so it takes as many rounds as
    there are levels. Linear time in C for each of at most 33 rounds.
    """
    brackets = bare.translate(bytes.maketrans(b"[]{}", b"()()"), NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        shorter = brackets.replace(b"()", b"")
        if shorter == brackets and brackets.count(b"(") > MAX_DEPTH:
            break  # never closed
        if not shorter or shorter == brackets:
            return  # all levels counted, or unbalanced: the reader names the place
        brackets = shorter
    raise TooDeep(f"The body is nested deeper than {MAX_DEPTH} levels.", limit=MAX_DEPTH)


def _in_our_words(reason: str, there: str) -> str:
    if reason.startswith(("expected value", "expected ident")):
        for pattern, ours in AT_A_VALUE:
            if pattern.match(there):
                return ours
    return next((ours for theirs, ours in REASONS.items() if reason.startswith(theirs)), "this is not JSON")


def _text_at(body: bytes, line: int, column: int) -> str:
    """Return what stands where a value was expected; the reader names the first or the second byte of it."""
    lines = body.split(b"\n", line)
    text = lines[line - 1][max(0, column - 2) :][:40].decode(errors="replace") if line <= len(lines) else ""
    return text.lstrip(" \t:,[{")


def _malformed(body: bytes, words: str) -> Exception:
    if "recursion limit" in words:
        return TooDeep(f"The body is nested deeper than {MAX_DEPTH} levels.", limit=MAX_DEPTH)
    place = PLACE.fullmatch(words)
    reason, line, column = (place[1], int(place[2]), int(place[3])) if place else (words, 1, 1)
    hint = None
    ends_early = reason.startswith("EOF")
    reason = "the text ends early" if ends_early else _in_our_words(reason, _text_at(body, line, column))
    if not body.strip():
        reason, hint = "the body is empty", "send a JSON object"
    elif body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        reason, hint = "the body starts with a byte order mark", "send plain UTF-8"
    elif ends_early:
        hint = "The text ends early. With curl, -F cuts a value at ';': use --json, or -F spec=@job.json"
    members: dict[str, Any] = {"line": line, "column": column}
    return MalformedJSON(f"{reason} (line {line}, column {column})", **members, **({"hint": hint} if hint else {}))


def _check_keys(body: bytes) -> None:
    """Refuse a key that stands twice: the last would win silently.

    Counting is fast, so only a body whose counts differ is read once more to find the name.
    """
    written = sum(1 for colon in STRING_OR_KEY.findall(body) if colon)
    if written != _count_keys(orjson.loads(body)):
        json.loads(body, object_pairs_hook=_unique)


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    if isinstance(value, list):
        return sum(_count_keys(item) for item in value if isinstance(item, dict | list))
    return 0


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DuplicateKey(f"The key {key[:80]!r} occurs twice in one object.", key=key[:80])
        found[key] = value
    return found


def _unpaired(body: bytes) -> InvalidRequest | None:
    """Return the faults of a body that is JSON but for half a surrogate pair in a text."""
    if b"\\ud" not in body.lower():
        return None
    try:
        faults = _value_faults(json.loads(body), "#")
    except ValueError:
        return None
    return InvalidRequest(faults) if faults else None


def _beyond_all(body: bytes, words: str) -> InvalidRequest | None:
    """Return the faults of a body that is JSON but for integers of more digits than any reader takes."""
    if not words.startswith("number out of range"):
        return None
    try:
        faults = _value_faults(json.loads(body, parse_int=lambda digits: int(digits[:40])), "#")
    except ValueError:
        return None
    return InvalidRequest(faults) if faults else None


def _value_faults(value: Any, pointer: str) -> list[Fault]:
    """Return the texts that a database can't keep and the integers that no column holds."""
    if isinstance(value, str) and (why := _unkept(value)):
        return [Fault(pointer, "invalid_text", f"has {why}")]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return [Fault(pointer, "integer_out_of_range", "is an integer beyond 64 bits")]
    if isinstance(value, dict):
        keys = [Fault(pointer, "invalid_text", f"has a key with {why}") for key in value if (why := _unkept(key))]
        inner = [(key.encode(errors="replace").decode(), item) for key, item in value.items()]
        return keys + [fault for key, item in inner for fault in _value_faults(item, pointer + pointer_of([key])[1:])]
    if isinstance(value, list):
        return [fault for n, item in enumerate(value) for fault in _value_faults(item, f"{pointer}/{n}")]
    return []


def _unkept(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character"
    return "half a surrogate pair" if any("\ud800" <= char <= "\udfff" for char in text) else None
