"""Rows of any table as lines of JSON, the same whichever database they come from or go to.

The first line of a piece names the columns. JSON columns stay the texts that they are, so that NULL and `null` differ
as they do in the database; bytes are base64, times ISO 8601 in UTC.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    LargeBinary,
    Text,
    bindparam,
    cast,
    column,
    insert,
    inspect,
    select,
    table,
)
from sqlalchemy.types import TypeEngine

from services.backup_errors import BackupRefused
from services.db.tables import UTCDateTime

PIECE_BYTES = 8 << 20  #: a piece ends with the row that makes it larger than this
ROWS_AT_ONCE = 500
BINARY_ROWS_AT_ONCE = 16  #: of tables whose rows may hold megabytes


@dataclass(frozen=True)
class Rows:
    """A table as the database describes it."""

    name: str
    types: dict[str, TypeEngine[Any]]  #: by column
    key: tuple[str, ...]

    @classmethod
    def of(cls, connection: Connection, name: str) -> "Rows":
        """Return a table of a database."""
        inspector = inspect(connection)
        types = {found["name"]: found["type"] for found in inspector.get_columns(name)}
        return cls(name, types, tuple(inspector.get_pk_constraint(name)["constrained_columns"]))

    def pieces(self, connection: Connection) -> Iterator[tuple[bytes, int]]:
        """Yield the rows in the order of their key as pieces of lines, and how many rows each piece has."""
        columns = [column(name, kind) for name, kind in self.types.items()]
        chosen = [cast(one, Text) if isinstance(one.type, JSON) else one for one in columns]
        query = select(*chosen).select_from(table(self.name, *columns)).order_by(*map(column, self.key))
        is_binary = any(isinstance(kind, LargeBinary) for kind in self.types.values())
        at_once = BINARY_ROWS_AT_ONCE if is_binary else ROWS_AT_ONCE
        head = json.dumps(list(self.types)).encode() + b"\n"
        piece, rows = bytearray(head), 0
        for row in connection.execute(query, execution_options={"yield_per": at_once}):
            piece += json.dumps([_to_json(value) for value in row], ensure_ascii=False).encode() + b"\n"
            rows += 1
            if len(piece) > PIECE_BYTES:
                yield bytes(piece), rows
                piece, rows = bytearray(head), 0
        if rows:
            yield bytes(piece), rows

    def load(self, connection: Connection, piece: bytes) -> int:
        """Insert the rows of a piece; return how many.

        Raises: BackupRefused when they are not of this table.
        """
        head, *lines = piece.splitlines()
        names = json.loads(head)
        if set(names) != set(self.types):
            raise BackupRefused(f"The backup's table {self.name} has other columns than its schema says.")
        kinds = [self.types[name] for name in names]
        values = [
            {name: _from_json(value, kind) for name, value, kind in zip(names, json.loads(line), kinds, strict=True)}
            for line in lines
        ]
        target = table(self.name, *(column(name, kind) for name, kind in self.types.items()))
        connection.execute(insert(target).values({name: self._bound(connection, name) for name in names}), values)
        return len(values)

    def _bound(self, connection: Connection, name: str) -> ColumnElement[Any]:
        kind = self.types[name]
        if isinstance(kind, JSON):
            text = bindparam(name, type_=Text())
            return text if connection.dialect.name == "sqlite" else cast(text, kind)
        return bindparam(name, type_=UTCDateTime() if isinstance(kind, DateTime) else kind)


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value


def _from_json(value: Any, kind: TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    return bool(value) if isinstance(kind, Boolean) else value
