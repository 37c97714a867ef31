"""An answer that is no success becomes the error that says what to do."""

import json
from collections.abc import Mapping
from typing import Any

from batchyard import errors

KINDS: dict[int, type[errors.APIError]] = {
    401: errors.Unauthorized,
    403: errors.Unauthorized,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.Conflict,
    413: errors.TooLarge,
    422: errors.InvalidSpec,
    429: errors.RateLimited,
}
NO_ROUTE = "There is nothing at "  #: how the server begins when it does not know an address


class AnswerMembers(dict[str, Any]):
    """The members of an answer; one that is not there says that the server is of another version."""

    def __init__(self, members: Mapping[str, Any], where: str) -> None:
        super().__init__(members)
        self.where = where

    def __missing__(self, name: str) -> Any:
        raise errors.MissingMember(
            f"The answer from {self.where} has no {name!r}: it comes from a different version than this client, or not "
            "from Batchyard. Compare them: batchyard doctor"
        )

    def __reduce__(self) -> Any:
        return AnswerMembers, (dict(self), self.where)


def parsed(body: bytes, where: str) -> AnswerMembers:
    """Return the JSON of an answer.

    Raises: UnreadableAnswer.
    """
    try:
        found = json.loads(body)
    except ValueError as error:
        raise errors.UnreadableAnswer(not_ours(where)) from error
    if not isinstance(found, dict):
        raise errors.UnreadableAnswer(not_ours(where))
    return AnswerMembers(found, where)


def not_ours(where: str) -> str:
    """Return what to say when an answer is not what Batchyard answers."""
    return (
        f"The answer from {where} is incomplete or not from Batchyard. Check the address (--server or BATCHYARD_URL), "
        "and that no proxy answers in its place."
    )


def error_of(status: int, headers: Mapping[str, str], body: bytes, where: str, path: str) -> errors.APIError:
    """Return the error of an answer with this status."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    ours = isinstance(problem, dict) and "code" in problem and "detail" in problem
    request_id = headers.get("x-request-id")
    kind = KINDS.get(status, errors.ServerError if status >= 500 else errors.APIError)
    if not ours and status not in {401, 403, 429, 502, 503, 504}:
        kind = errors.UnreadableAnswer
    message = _message(status, problem if ours else {}, where, path)
    return kind(message, status=status, problem=problem if ours else {}, request_id=request_id)


def _message(status: int, problem: Mapping[str, Any], where: str, path: str) -> str:
    if status == 401:
        ways = "Run batchyard login, set BATCHYARD_API_KEY, or pass api_key"
        return f"{where} needs a key. {ways}; ask whoever runs the server for one."
    if status == 403 and not problem:
        return f"{where} refuses this key or host. Ask whoever runs the server."
    if status in {429, 502, 503, 504} and not problem:
        return f"{where} can't answer at the moment (HTTP {status}). Try again in a minute."
    if not problem:
        return f"HTTP {status}: {not_ours(where)}"
    detail = str(problem["detail"])
    if status == 404 and detail.startswith(NO_ROUTE):
        return f"{where} does not know {path}: it has a different version from this client. Compare: batchyard doctor"
    words = [detail]
    if problem.get("suggestion") is not None:
        words.append(f"Did you mean {problem['suggestion']!r}?")
    if isinstance(problem.get("hint"), str):
        words.append(problem["hint"])
    if status >= 500 and problem.get("request_id"):
        words.append(f"The server's log has details under {problem['request_id']}.")
    return " ".join(words)
