"""The table of evaluations: what was found in the validation predictions of a finished job."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.db.tables import Base


class JobEvaluation(Base):
    """The look inside a job's best weights, taken once when its training had ended."""

    __tablename__ = "job_evaluations"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    checkpoint_id: Mapped[str]
    report: Mapped[dict[str, Any]]
    predictions: Mapped[bytes] = mapped_column(LargeBinary)  #: columns as JSON, compressed
    created_at: Mapped[datetime]
