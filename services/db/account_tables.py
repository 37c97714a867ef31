"""The tables of keys and of what was done with them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class ApiKey(Base):
    """A key of an owner. The token that opens is stored nowhere, only its SHA-256."""

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("sha256"), Index("ix_api_keys_owner_created_at", "owner", "created_at"))

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str | None]  #: a name that tells it apart from the owner's other keys
    sha256: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]  #: to the minute
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One request that changed something, or was refused because of its key."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_created_at", "created_at", "id"),
        Index("ix_audit_entries_owner_created_at", "owner", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    owner: Mapped[str | None]  #: NULL: no key that is known
    key_id: Mapped[str | None]
    action: Mapped[str]  #: such as `jobs.submit`
    method: Mapped[str]
    path: Mapped[str]
    status: Mapped[int]
    address: Mapped[str]  #: where the request came from
    request_id: Mapped[str]


class OwnerLimits(Base):
    """What one owner may have at most, where that is not what the settings say."""

    __tablename__ = "owner_limits"

    owner: Mapped[str] = mapped_column(primary_key=True)
    queued_jobs: Mapped[int | None]
    submits_per_minute: Mapped[int | None]
    stored_bytes: Mapped[int | None] = mapped_column(BigInteger)
    run_seconds_per_day: Mapped[int | None] = mapped_column(BigInteger)
    predict_rows: Mapped[int | None]
    running_jobs: Mapped[int | None]


class Share(Base):
    """One thing of an owner that another owner, or every one, may read and predict with."""

    __tablename__ = "shares"
    __table_args__ = (
        UniqueConstraint("owner", "kind", "thing", "reader"),
        Index("ix_shares_reader", "reader", "kind", "thing"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    kind: Mapped[str]  #: dataset, job or model
    thing: Mapped[str]  #: the id of a data set or job, the name of a model
    reader: Mapped[str]  #: an owner; `*`: all
    created_at: Mapped[datetime]


class EndedSession(Base):
    """A browser's session that was ended by its logout; its cookie opens nothing though its time is not over."""

    __tablename__ = "ended_sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]
