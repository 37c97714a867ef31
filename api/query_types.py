"""Kinds of query parameters: words by comma, and times."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _time(value: Any) -> Any:
    # pydantic would take a number for seconds since 1970, and a date for its midnight.
    if not (isinstance(value, str) and RFC3339.fullmatch(value)):
        raise ValueError("must be a time with its zone, such as 2026-11-01T00:00:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time of the years 1 to 9999, in UTC") from None


def words(texts: list[str]) -> list[str]:
    """Return the words of a parameter that is marked so."""
    return [word.strip() for text in texts for word in text.split(",") if word.strip()]


#: Marks a list whose words stand in one text, `status=queued,running`: OpenAPI's style `form` that does not explode.
BY_COMMA = "by comma"
Moment = Annotated[AwareDatetime, BeforeValidator(_time), AfterValidator(_in_utc)]
