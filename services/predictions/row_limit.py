"""How many rows one predict request may have."""

from services.errors import TooLarge
from services.predictions.formats.media import ELSEWHERE


def check_rows(count: int, most: int) -> None:
    """Refuse more rows than one request may have.

    Raises: TooLarge.
    """
    if count > most:
        raise TooLarge(f"{count} rows are more than {most}: {ELSEWHERE}", limit_rows=most)
