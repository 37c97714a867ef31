"""Which job a verb means: that of an id, of the beginning of one, or of a name that a single job has."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.db.tables import Job
from services.errors import AmbiguousJob, NotFound
from services.jobs import references
from services.jobs.job_views import JobView
from services.specs.parse.faults import closest

PREFIX = "job_"  #: of every id
MOST_NAMED = 20  #: jobs that an answer names


def to_change(session: Session, owner: str, said: str) -> JobView:
    """Return the job that is to be changed, held until the transaction ends, so that it does not move meanwhile.

    A name that several jobs have means none of them: reading takes the newest, a change must not guess.
    Raises: NotFound with the closest id or name; AmbiguousJob with the ids.
    """
    job_id = _meant(session, owner, said)
    if job_id is not None:
        session.execute(select(Job.id).where(Job.owner == owner, Job.id == job_id).with_for_update())
    job = references.by_id(session, owner, job_id) if job_id else None
    if job is None:
        near = closest(said, references.words(session, owner))
        raise NotFound(f"There is no job {said[:80]!r}.", suggestion=near)
    return job


def _meant(session: Session, owner: str, said: str) -> str | None:
    if session.scalar(select(Job.id).where(Job.owner == owner, Job.id == said)):
        return said
    meant = Job.name == said
    if said.startswith(PREFIX) and said != PREFIX:
        meant |= Job.id.startswith(said, autoescape=True)
    newest = select(Job.id).where(Job.owner == owner, meant).order_by(Job.created_at.desc(), Job.id.desc())
    found = list(session.scalars(newest.limit(MOST_NAMED + 1)))
    if len(found) > 1:
        count = f"{len(found)} jobs" if len(found) <= MOST_NAMED else f"More than {MOST_NAMED} jobs"
        detail = f"{count} are named {said[:80]!r}, or have an id that begins with it. Use the id of one."
        raise AmbiguousJob(detail, jobs=found[:MOST_NAMED])
    return found[0] if found else None
