"""Reads what a request says: its JSON body, its query, what it prefers. Everything is checked by pydantic."""

import hashlib
import re
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

from flask import g, request
from pydantic import BaseModel, ValidationError

from api.bodies import WHOLE
from api.parts import api
from api.query_types import BY_COMMA, words
from services.errors import Fault, InvalidRequest, UnsupportedMediaType
from services.jobs.submission import RequestKey
from services.specs.parse.faults import faults_of
from services.specs.parse.parser import read

M = TypeVar("M", bound=BaseModel)

MAX_KEY = 255
JSON = "application/json"


def body(model: type[M]) -> M:
    """Return the JSON body as a model.

    Raises: UnsupportedMediaType; MalformedJSON; InvalidRequest with every fault; TooLarge.
    """
    sent = json_body()
    settings = api().base.settings
    return read(model, sent, max_rows=settings.max_json_rows, max_values=settings.max_json_values)


def json_body() -> bytes:
    """Return a body that is sent as JSON, unread.

    Raises: UnsupportedMediaType; TooLarge.
    """
    return raw_body(JSON)[1]


def raw_body(*kinds: str) -> tuple[str, bytes]:
    """Return which of these media types a body is sent as, and the body.

    Raises: UnsupportedMediaType; TooLarge.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMediaType(f"The body is encoded as {encoding[:40]}; send it as it is.", allowed=["identity"])
    sent = JSON if request.mimetype.endswith("+json") else request.mimetype
    if sent not in kinds:
        raise UnsupportedMediaType(
            f"The body is sent as {request.mimetype or 'nothing'}; send {'JSON' if len(kinds) == 1 else 'one of these'}"
            " (with curl: --json).",
            allowed=[str(kind) for kind in kinds],
        )
    return sent, whole_body()


def whole_body() -> bytes:
    """Return the body as it was sent.

    Raises: TooLarge.
    """
    complete: bytes | None = request.environ.get(WHOLE)
    if complete is None or len(complete) > api().base.settings.max_json_bytes:
        return request.get_data(cache=True)
    return complete


def query(model: type[M]) -> M:
    """Return the query's parameters as a model.

    Raises: InvalidRequest with pointers below `#/query`.
    """
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        if any("\0" in text for text in (name, *values)):
            raise InvalidRequest([Fault(f"#/query/{name[:80]}", "invalid_text", "has a NUL character")])
        inner = re.fullmatch(r"(\w+)\[([^\[\]]*)\]", name)
        key = inner[1] if inner else name
        if inner and inner[2] and isinstance(given.setdefault(key, {}), dict):
            given[key][inner[2]] = values[-1]
        elif key in _lists(model) and not (inner and inner[2]) and isinstance(given.get(key, []), list):
            by_comma = BY_COMMA in model.model_fields[key].metadata
            given[key] = given.get(key, []) + (words(values) if by_comma else values)
        elif key in given or inner or len(values) > 1:
            raise InvalidRequest([Fault(f"#/query/{key}", "duplicate_key", "occurs twice")])
        else:
            given[key] = values[0]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = faults_of(error, _with_numbers(given, error), model)
        below = [Fault(**{**vars(fault), "pointer": "#/query" + fault.pointer[1:]}) for fault in faults]
        raise InvalidRequest(below) from None


@cache
def _lists(model: type[BaseModel]) -> frozenset[str]:
    """Return the parameters that may stand there several times: once for each entry of a list."""
    return frozenset(name for name, field in model.model_fields.items() if _is_list(field.annotation))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list or any(_is_list(part) for part in get_args(kind))


def _with_numbers(given: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """Return a query in which a number that is out of its range is one, for words that do not speak of texts."""
    numbers: dict[str, Any] = {}
    for found in error.errors(include_url=False):
        name, text = str(found["loc"][0]), found["input"]
        if found["type"].startswith(("greater_than", "less_than")) and isinstance(text, str):
            numbers[name] = float(text)
            with suppress(ValueError):
                numbers[name] = int(text)
    return given | numbers


def preferred_wait(most: float) -> float | None:
    """Return the seconds of `Prefer: wait=N`, at most `most`; None if it is not said."""
    said = re.search(r"(?:^|[,;\s])wait=(\d{1,6})", request.headers.get("Prefer", ""))
    return min(float(said[1]), most) if said else None


def traceparent() -> str | None:
    """Return the context of this request's span, for the job that it submits; None when it has none."""
    span = g.get("span")
    return span.traceparent if span else None


def request_key(sent: bytes) -> RequestKey | None:
    """Return the Idempotency-Key, which belongs to what was sent with it.

    Raises: InvalidRequest when it is empty or too long.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= MAX_KEY:
        detail = f"has {len(key)} characters; must have 1 to {MAX_KEY}"
        raise InvalidRequest([Fault("#/headers/Idempotency-Key", "out_of_range", detail)])
    return RequestKey(key, hashlib.sha256(sent).hexdigest()) if key else None


def known_version() -> int | None:
    """Return the number in `If-None-Match: W/"14"`; None if none is said."""
    said = re.search(r'(?:W/)?"(\d{1,18})"', request.headers.get("If-None-Match", ""))
    return int(said[1]) if said else None


def expected_versions() -> set[int] | None:
    """Return the numbers in `If-Match: W/"14"`, empty if it holds none of ours; None if any state will do."""
    said = request.headers.get("If-Match", "*")
    return None if said.strip() == "*" else {int(number) for number in re.findall(r'"(\d{1,18})"', said)}


def accepts(*kinds: str) -> str | None:
    """Return the first choice of the client among media types; the first of ours if it does not mind."""
    if not request.accept_mimetypes:
        return kinds[0]
    return request.accept_mimetypes.best_match(kinds)
