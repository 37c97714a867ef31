"""What the room shows of a data set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.specs.columns import TableInfo


@dataclass(frozen=True)
class DatasetView:
    """One table of rows and what is known of it."""

    id: str
    owner: str
    name: str
    source: str  #: upload, inline, builtin or plugin
    format: str
    size_bytes: int
    sha256: str
    info: TableInfo
    dialect: dict[str, Any] | None
    suggested_target: str | None
    warnings: list[dict[str, Any]]
    created_at: datetime | None  #: None until it is stored
