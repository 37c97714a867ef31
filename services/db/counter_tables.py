"""The table of counters that outlive what they count."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class EndedJobs(Base):
    """How many jobs ended with one status, and what they came to; the sum of a status's slots counts."""

    __tablename__ = "ended_jobs"

    status: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    jobs: Mapped[int] = mapped_column(BigInteger, default=0)
    epochs: Mapped[int] = mapped_column(BigInteger, default=0)
    trained_s: Mapped[float] = mapped_column(default=0.0)
