"""The bodies of answers about registered models."""

from datetime import datetime
from typing import Any

from api.schemas import Answer


class ModelVersion(Answer):
    """A registered checkpoint."""

    object: str = "model.version"
    name: str
    version: int
    job: str
    checkpoint: str
    epoch: int
    metrics: dict[str, Any]
    weights_sha256: str
    aliases: list[str]
    created_at: datetime
    urls: dict[str, str]


class Alias(Answer):
    """The version an alias points to."""

    object: str = "model.alias"
    model: str
    alias: str
    version: int
    updated_at: datetime


class AliasMove(Answer):
    """One move of an alias. `from` is null if it was new, `to` if it was deleted."""

    object: str = "model.alias.move"
    revision: int
    from_version: int | None
    to_version: int | None
    reason: str | None
    forced: bool
    report: dict[str, Any] | None
    created_at: datetime


class Model(Answer):
    """A name with its versions, newest first, and its aliases."""

    object: str = "model"
    name: str
    created_at: datetime
    versions: list[ModelVersion]
    aliases: list[Alias]
