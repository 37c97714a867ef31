"""Counters of ended jobs, which go on rising when retention deletes the jobs themselves.

Raised in the transaction that ends a job, as its last statements but for `changes`. Each status has several rows, so
that workers that end jobs at the same moment seldom wait for each other. The worker that trained the job counts it too,
in its own row: nobody has to search the jobs for those that were its own.
"""

import zlib
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.db.counter_tables import EndedJobs
from services.db.tables import Job, Worker
from services.states import JobState

SLOTS = 8  #: rows of each status, inserted by the migration
_NOTED = "ended jobs"
#: The column of a worker's row that counts an end; a cancelled job is neither done nor failed.
_COUNTED = {JobState.SUCCEEDED: Worker.done, JobState.FAILED: Worker.failed}


@dataclass(frozen=True)
class Ended:
    """What the jobs that ended with one status come to."""

    jobs: int
    epochs: int
    trained_s: float


def note(session: Session, job_id: str) -> None:
    """Note that a job ends in this transaction."""
    session.info.setdefault(_NOTED, set()).add(job_id)


def write(session: Session) -> None:
    """Raise the counters of the jobs that were noted."""
    noted: set[str] = session.info.pop(_NOTED, set())
    # In one order, so that two transactions never wait for each other.
    for job_id in sorted(noted, key=lambda job_id: (_slot(job_id), job_id)):
        columns = select(Job.state, Job.epochs_done, Job.trained_s, Job.worker).where(Job.id == job_id)
        job = session.execute(columns).first()
        if job is None:
            continue  # deleted in the same transaction
        raised = {
            "jobs": EndedJobs.jobs + 1,
            "epochs": EndedJobs.epochs + job.epochs_done,
            "trained_s": EndedJobs.trained_s + job.trained_s,
        }
        own = EndedJobs.status == job.state, EndedJobs.slot == _slot(job_id)
        session.execute(
            update(EndedJobs).where(*own).values(**raised), execution_options={"synchronize_session": False}
        )
        if job.worker and job.state in _COUNTED:
            count = _COUNTED[job.state]
            session.execute(
                update(Worker).where(Worker.id == job.worker).values({count: count + 1}),
                execution_options={"synchronize_session": False},
            )


def read(session: Session) -> dict[str, Ended]:
    """Return the totals by status."""
    sums = func.sum(EndedJobs.jobs), func.sum(EndedJobs.epochs), func.sum(EndedJobs.trained_s)
    rows = session.execute(select(EndedJobs.status, *sums).group_by(EndedJobs.status))
    return {status: Ended(int(jobs), int(epochs), float(seconds)) for status, jobs, epochs, seconds in rows}


def _slot(job_id: str) -> int:
    return zlib.crc32(job_id.encode()) % SLOTS
