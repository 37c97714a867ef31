"""What an upload may be called, and how large it may be for its owner."""

from pathlib import Path
from typing import BinaryIO

from services.account_errors import StorageQuotaExceeded
from services.datasets import ingest
from services.errors import Fault, InvalidRequest, TooLarge


def check_name(name: str, pointer: str = "#/query/name") -> None:
    """Refuse what no data set can be called.

    Raises: InvalidRequest.
    """
    if not 1 <= len(name) <= 120 or not all(c.isalnum() or c in "_ .-" for c in name) or name[0] in " .-":
        detail = "may have up to 120 letters, digits, spaces and _ . -, and must begin with a letter, digit or _"
        raise InvalidRequest([Fault(pointer, "invalid_name", detail, value=name[:80])])


def received(stream: BinaryIO, path: Path, most: int, left: int | None) -> tuple[str, int]:
    """Write an upload to a file as it comes in; return its SHA-256 and size. `left` is what its owner may still store.

    Raises: TooLarge; StorageQuotaExceeded as soon as one of the two is passed.
    """
    if left is None or left >= most:
        return ingest.receive(stream, path, most)
    try:
        return ingest.receive(stream, path, left)
    except TooLarge:
        raise StorageQuotaExceeded(f"Only {left} more bytes may be stored.", allowed_bytes=left) from None
