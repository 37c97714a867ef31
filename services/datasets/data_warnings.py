"""What a user is told of a data set that was read: what can't be learnt from, and what was rounded."""

from typing import Any

from services.datasets.exactness import inexact
from services.specs.columns import TableInfo


def warnings_of(info: TableInfo) -> list[dict[str, Any]]:
    """Return the warnings of a table."""
    texts = [column.name for column in info.columns if column.type == "category" and column.values is None]
    many = "{!r} has too many different texts to learn from."
    large = "{!r} has numbers beyond 16,777,216, which are rounded to float32."
    return [
        *({"code": "too_many_values", "message": many.format(name), "column": name} for name in texts),
        *({"code": "inexact_numbers", "message": large.format(name), "column": name} for name in inexact(info)),
    ]
