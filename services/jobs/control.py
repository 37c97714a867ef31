"""What users ask of jobs that are there: to pause and to go on. Each method is one transaction."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.db.engine import Database, now
from services.db.tables import Job
from services.errors import InvalidTransition, NotFound
from services.jobs import checkpoints, queries
from services.jobs.reading import JobReading
from services.jobs.views import JobView
from services.states import ALLOWED, JobState


class JobControl:
    """Takes wishes. A running job's wish is a column that its supervisor reads; `ring` never blocks."""

    def __init__(self, database: Database, reading: JobReading, ring: Callable[[], None]) -> None:
        self.database = database
        self.reading = reading
        self.ring = ring

    def pause(self, owner: str, job_id: str) -> JobView:
        """Ask the trainer of a running job to store where it is and to end. Asking again changes nothing.

        Raises: NotFound; InvalidTransition unless it runs.
        """
        with self.database.transaction() as session:
            job = _held(session, owner, job_id)
            if job.status == "running":
                session.execute(update(Job).where(Job.id == job_id).values(pause_wished_at=now(session)))
                queries.add_event(session, job_id, "pausing", "a user asked to pause", {})
            elif job.status not in {"pausing", "paused"}:
                raise refused(job, "pause", "paused")
        return self.reading.get(owner, job_id)

    def resume(self, owner: str, job_id: str) -> JobView:
        """Queue a paused job; it goes on at the batch before which it stopped.

        Raises: NotFound; InvalidTransition unless it is paused.
        """
        with self.database.transaction() as session:
            job = _held(session, owner, job_id)
            if job.state is not JobState.PAUSED:
                raise refused(job, "resume", "queued")
            # A user looked at it and wants it to go on: its tries are counted anew.
            columns = {"not_before": now(session), "attempts_without_progress": 0}
            queries.move(session, job_id, JobState.QUEUED, **columns)
            last = next((c for c in checkpoints.listing(session, job_id) if c.is_last), None)
            place = {"epoch": last.epoch, "step": last.step} if last else {"epoch": 0, "step": 0}
            words = f"goes on from epoch {place['epoch']}, step {place['step']}"
            queries.add_event(session, job_id, "resumed", words, place)
        self.ring()
        return replace(self.reading.get(owner, job_id), resume_from=place)


def refused(job: JobView, wish: str, to: str) -> InvalidTransition:
    """Return the error that names a job's state, what was wished and what is allowed instead."""
    allowed = ALLOWED[job.status]
    instead = f"allowed is: {', '.join(allowed)}" if allowed else "wait until it has stopped"
    return InvalidTransition(
        f"{job.name} is {job.status}; to {wish} it is not allowed now, {instead}.",
        job_status=job.status,
        wish=wish,
        to=to,
        allowed=allowed,
        **{"from": job.status},
    )


def _held(session: Session, owner: str, job_id: str) -> JobView:
    # Held until the end, so that the job does not move between the look and the wish.
    session.execute(select(Job.id).where(Job.owner == owner, Job.id == job_id).with_for_update())
    found = queries.by_id(session, owner, job_id)
    if found is None:
        raise NotFound(f"There is no job {job_id[:80]!r}.")
    return found
