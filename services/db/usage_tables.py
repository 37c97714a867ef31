"""The table of what trainers take of their machines."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class JobUsage(Base):
    """Processor, memory and GPU of a job's trainers over time, in one row that is read as a whole."""

    __tablename__ = "job_usage"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    interval_s: Mapped[float]  #: least time between two samples; doubles when there are too many
    samples: Mapped[list[Any]]  #: lists in the order of `attempts/usage.py: COLUMNS`
