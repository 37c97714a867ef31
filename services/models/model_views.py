"""What is shown of registered models: frozen copies of rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class VersionView:
    """A registered checkpoint."""

    name: str
    version: int
    job_id: str
    checkpoint_id: str
    epoch: int
    metrics: dict[str, Any]
    weights_sha256: str
    aliases: list[str]
    created_at: datetime


@dataclass(frozen=True)
class AliasView:
    """Which version an alias means; `revision` is its ETag."""

    name: str
    alias: str
    version: int
    revision: int
    updated_at: datetime


@dataclass(frozen=True)
class MoveView:
    """One entry of an alias' history."""

    revision: int
    from_version: int | None
    to_version: int | None
    reason: str | None
    forced: bool
    report: dict[str, Any] | None
    created_at: datetime


@dataclass(frozen=True)
class ModelView:
    """A name with its versions, newest first, and its aliases."""

    name: str
    created_at: datetime
    versions: list[VersionView]
    aliases: list[AliasView]
