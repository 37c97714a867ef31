"""The tables of registered models, and the counters of what predictions depend on."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class ChangeCounter(Base):
    """How often something changed that the predictions of one group of names depend on."""

    __tablename__ = "change_counters"

    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(BigInteger, default=0)


class RegisteredModel(Base):
    """A name under which versions are registered."""

    __tablename__ = "models"

    owner: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    last_version: Mapped[int]  #: the highest number that was given out; a deleted one is never given again
    created_at: Mapped[datetime]


class ModelVersion(Base):
    """A checkpoint of a job, registered under a model's name and a number. Its job and checkpoint can't be deleted."""

    __tablename__ = "model_versions"
    __table_args__ = (
        ForeignKeyConstraint(["owner", "name"], ["models.owner", "models.name"]),
        Index("ix_model_versions_job_id", "job_id"),
        Index("ix_model_versions_checkpoint_id", "checkpoint_id"),
    )

    owner: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"))
    weights_sha256: Mapped[str]
    created_at: Mapped[datetime]


class ModelAlias(Base):
    """A name for one version of a model, which can be moved to another."""

    __tablename__ = "model_aliases"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner", "name", "version"], ["model_versions.owner", "model_versions.name", "model_versions.version"]
        ),
    )

    owner: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    revision: Mapped[int]  #: of the alias' history; its ETag
    updated_at: Mapped[datetime]


class AliasMove(Base):
    """One move of an alias: from which version to which, why, and what the gate found."""

    __tablename__ = "alias_moves"

    owner: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    from_version: Mapped[int | None]  #: NULL: the alias was new, or had been deleted
    to_version: Mapped[int | None]  #: NULL: the alias was deleted
    reason: Mapped[str | None]
    forced: Mapped[bool]
    report: Mapped[dict[str, Any] | None]  #: of the gate, if it was asked for
    created_at: Mapped[datetime]
