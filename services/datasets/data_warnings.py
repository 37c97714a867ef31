"""What a user learns of a data set that was read: what was decided, what can't be learnt from, what was rounded."""

from typing import Any

from services.columns import INDEX_NAMES, TableInfo
from services.datasets.exactness import inexact, vanishing

GUESSES = {
    "disguised_numbers": "{!r} looks like numbers with signs or separators, and was read as text. If they are numbers, "
    "upload it again with ?columns[{}]=number, and with decimal= or thousands= if they contain such a sign.",
    "disguised_dates": "{!r} looks like dates or times, and was read as text. To learn from the time, write them "
    "as 2026-11-28 or 2026-11-28T08:30:00; if they are names, upload it again with ?columns[{}]=category.",
    "leading_zeros": "{!r} has whole numbers with leading zeros, which are taken as text; "
    "upload it again with ?columns[{}]=number if they are numbers.",
    "large_codes": "{!r} has few, large whole numbers, which are taken as the names of categories; "
    "upload it again with ?columns[{}]=number if they are numbers.",
}


def warnings_of(info: TableInfo, dialect: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the warnings of a table."""
    found: list[dict[str, Any]] = []

    def tell(code: str, message: str, name: str) -> None:
        found.append({"code": code, "message": message, "column": name})

    if dialect and not dialect["header"]:
        message = "The first row is taken as data, and the columns are named c0, c1, ...; "
        message += "upload it with header=true if that row has the names."
        found.append({"code": "no_header", "message": message})
    elif dialect and len(info.names) > 1 and info.names == [str(n) for n in range(len(info.names))]:
        message = "The first row, 0, 1, ..., is taken as column names; upload it with header=false if it is data."
        found.append({"code": "header_guessed", "message": message})
    for column in info.columns:
        name = column.name
        if column.guess in GUESSES:
            tell(column.guess, GUESSES[column.guess].format(name, name), name)
        if column.type == "category" and column.values is None:
            tell("too_many_values", f"{name!r} has too many different values to learn from.", name)
        if INDEX_NAMES.fullmatch(name):
            tell(
                "index_column", f"{name!r} is an index written by pandas; it is not a feature unless you name it.", name
            )
        if column.missing == info.rows:
            tell("empty_column", f"{name!r} has no values.", name)
    for name in inexact(info):
        tell("inexact_numbers", f"{name!r} has numbers beyond 16,777,216, which are rounded to float32.", name)
    for name in vanishing(info):
        message = f"{name!r} has numbers closer to 0 than 1.2e-38, which are 0 as float32: write them in another unit."
        tell("inexact_numbers", message, name)
    return found
