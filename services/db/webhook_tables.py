"""The tables of webhooks."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class Webhook(Base):
    """An address that an owner asks to be notified at of what happens to the jobs."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_owner_created_at", "owner", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    url: Mapped[str]
    events: Mapped[list[Any]]  #: `job.succeeded` and the like, or only `*`
    secret: Mapped[str]  #: signs what is sent; shown once
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]  #: when the address said 410 Gone


class WebhookDelivery(Base):
    """One event that one webhook is to be notified of; its id is the `webhook-id` of every try."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="state"),
        UniqueConstraint("webhook_id", "job_id", "seq"),
        Index(
            "ix_webhook_deliveries_waiting",
            "webhook_id",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_deliveries_webhook_id_created_at", "webhook_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    job_id: Mapped[str | None]  #: may be deleted meanwhile; None: a test
    seq: Mapped[int | None]
    type: Mapped[str]
    body: Mapped[str]  #: the bytes that every try sends
    state: Mapped[str] = mapped_column(default="waiting")
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]  #: when it may be tried; while it is tried, when somebody else may
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
