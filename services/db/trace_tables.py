"""The table of the traces that jobs are part of."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class Trace(Base):
    """Where the spans of a job belong. Deleted once the last of them has been sent."""

    __tablename__ = "traces"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    traceparent: Mapped[str]  #: of the request that submitted it, as in the header of W3C Trace Context
    seq: Mapped[int]  #: number of the last event whose spans have been sent
