"""The table that says whether the queue is paused."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class QueuePause(Base):
    """The one pause of the whole queue, there while it lasts."""

    __tablename__ = "queue_pauses"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: always 1: two at once are one
    began_at: Mapped[datetime]
