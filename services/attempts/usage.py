"""What a job's trainer takes of its machine, kept in SQL: at most 300 points, however long the job trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.db.engine import Database, now
from services.db.tables import Job
from services.db.usage_tables import JobUsage
from services.queue.claims import Claim

COLUMNS = ("t_seconds", "cpu_percent", "rss_bytes", "gpu_percent", "gpu_memory_bytes", "gpu_celsius")
INTERVAL_S = 5.0  #: between two samples at first
MOST = 300  #: points of a job; then every second one goes, and twice as much time lies between two
EARLY = 0.9  #: a sample that comes a little before its time is kept


@dataclass(frozen=True)
class Sample:
    """What a trainer took at one moment; None where it is not known."""

    cpu_percent: float | None  #: since the sample before, 100 for one processor
    rss_bytes: int | None
    gpu_percent: float | None = None
    gpu_memory_bytes: int | None = None
    gpu_celsius: float | None = None


@dataclass(frozen=True)
class UsageView:
    """The samples of a job, each a list in the order of COLUMNS."""

    interval_s: float
    samples: list[list[Any]]


def store(database: Database, claim: Claim, samples: Sequence[tuple[float, Sample]]) -> None:
    """Add samples, each with how many seconds ago it was taken, unless another attempt owns the job."""
    with database.transaction() as session:
        mine = (Job.id == claim.job_id, Job.attempt == claim.attempt)
        started_at = session.scalar(select(Job.started_at).where(*mine).with_for_update())
        if started_at is None:
            return
        trained_s = (now(session) - started_at).total_seconds()
        row = session.get(JobUsage, claim.job_id)
        kept = list(row.samples) if row else []
        interval_s = row.interval_s if row else INTERVAL_S
        for age_s, sample in samples:
            t_s = max(0.0, trained_s - age_s)
            if not kept or t_s - kept[-1][0] >= EARLY * interval_s:
                kept.append([round(t_s, 1), *(getattr(sample, name) for name in COLUMNS[1:])])
            if len(kept) > MOST:
                kept, interval_s = kept[::2], 2 * interval_s
        if row:
            row.samples, row.interval_s = kept, interval_s
        else:
            session.add(JobUsage(job_id=claim.job_id, interval_s=interval_s, samples=kept))


def read(session: Session, job_id: str) -> UsageView:
    """Return what is kept of a job, empty if nothing is."""
    row = session.get(JobUsage, job_id)
    return UsageView(row.interval_s, list(row.samples)) if row else UsageView(INTERVAL_S, [])
