"""The table of the releases that have been here."""

from datetime import datetime

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class Release(Base):
    """One release that has brought the schema up to date, and to which revision."""

    __tablename__ = "releases"

    name: Mapped[str] = mapped_column(primary_key=True)
    head: Mapped[str]
    migrated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
