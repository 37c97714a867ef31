"""What is uploaded: a file as it is, or rows as Parquet where their library writes it, else as JSON Lines."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from batchyard.errors import InvalidTable
from batchyard.tables import Table, plain, table_of

BLOCK_BYTES = 1 << 20
MEDIA = {
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
}

Progress = Callable[[int, int], None]  #: is told the bytes sent and the bytes in all


@dataclass(frozen=True)
class Payload:
    """Bytes to upload, their name and SHA-256; opened anew for each attempt, never held whole if they are a file."""

    name: str
    media: str
    size: int
    sha256: str
    open: Callable[[], BinaryIO]

    def blocks(self, progress: Progress | None = None) -> Iterator[bytes]:
        """Yield the bytes block by block."""
        sent = 0
        with self.open() as file:
            while block := file.read(BLOCK_BYTES):
                yield block
                sent += len(block)
                if progress:
                    progress(sent, self.size)


def payload_of(data: Any, name: str | None = None) -> Payload:
    """Return a path, bytes or rows as what is uploaded.

    Raises: InvalidTable.
    """
    if isinstance(data, str | Path):
        return _of_file(Path(data), name)
    if isinstance(data, bytes):
        return _of_bytes(data, name or "upload.csv")
    if isinstance(data, Table):
        return _of_bytes(json_lines(data), name or "rows.jsonl")
    if getattr(data, "ndim", 2) > 2:
        raise InvalidTable(
            f"An array of {data.ndim} dimensions is not a table. Save it with np.savez and upload that file, "
            "or pass rows.reshape(len(rows), -1)."
        )
    home, table = type(data).__module__.split(".")[0], table_of(data)
    if not len(table):
        raise InvalidTable("The table has no rows. Pass at least one.")
    if home == "polars":
        buffer = io.BytesIO()
        table.source.write_parquet(buffer)
        return _of_bytes(buffer.getvalue(), name or "frame.parquet", ".parquet")
    return _of_bytes(json_lines(table), name or "rows.jsonl", ".jsonl")


def json_lines(table: Table) -> bytes:
    """Return rows as JSON Lines: types are what they are, and the same rows are always the same bytes."""
    lines = (json.dumps(dict(zip(table.names, map(plain, row), strict=True))) for row in table.rows())
    return "".join(f"{line}\n" for line in lines).encode()


def _of_file(path: Path, name: str | None) -> Payload:
    if path.is_dir():
        raise InvalidTable(f"{path} is a folder. Name one file in it.")
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidTable(f"{path} can't be read: {error.strerror}. Check the path.") from error
    if not size:
        raise InvalidTable(f"{path} is empty. It needs a line of column names and one line per row.")
    called = name or path.name
    media = MEDIA.get(path.suffix.lower(), "application/octet-stream")
    return Payload(called, media, size, digest, lambda: open(path, "rb"))


def _of_bytes(raw: bytes, name: str, ending: str | None = None) -> Payload:
    if not raw:
        raise InvalidTable("There are no bytes to upload. Pass a table with at least one row.")
    media = MEDIA.get(ending or Path(name).suffix.lower(), "application/octet-stream")
    return Payload(name, media, len(raw), hashlib.sha256(raw).hexdigest(), lambda: io.BytesIO(raw))
