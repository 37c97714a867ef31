"""How many rows one predict request may have."""

from services.datasets.table_limits import TableLimits
from services.errors import TooLarge
from services.predictions.formats.media import ELSEWHERE
from services.specs.parse.json_size import count_lists

AROUND = 2  #: an object and a list are around the rows


def check_rows(count: int, most: int) -> None:
    """Refuse more rows than one request may have.

    Raises: TooLarge.
    """
    if count > most:
        raise TooLarge(f"{count} rows are more than {most}: {ELSEWHERE}", limit_rows=most)


def check_brackets(body: bytes, most: int) -> None:
    """Refuse a JSON body with more lists and objects than the rows, or the columns, of one request; before it is read.

    Raises: TooLarge.
    """
    allowed = max(most, TableLimits.columns) + AROUND
    found = count_lists(body, allowed)
    if found > allowed:
        check_rows(found - AROUND, most)
