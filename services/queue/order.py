"""The order of the queue: which job is next. The one place that knows it, in SQL and in Python."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Integer,
    ScalarSelect,
    Select,
    TextClause,
    bindparam,
    exists,
    func,
    null,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from services.db.clock import NOW
from services.db.tables import QUEUE_ORDER, Job, Worker
from services.queue.pause import PAUSED
from services.states import JobState

MAX_POSITION = 1_000

#: As the partial indexes say it: what is a parameter can't be compared with an index's condition.
_QUEUED = text("jobs.state = 'queued'")
_WAITS = Job.not_before > Job.created_at
_JOBS: Any = Job.__table__  #: what a worker asks at each nudge is asked without the ORM, in half the time


def _sorted(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in QUEUE_ORDER)


def _most(owner: str) -> str:
    """SQL: how many jobs of an owner may run at once; NULL: any number."""
    return f"COALESCE((SELECT l.running_jobs FROM owner_limits l WHERE l.owner = {owner}), :running)"


#: Its type is said, since where nothing is set it is NULL, which has none.
_RUNNING: BindParameter[int | None] = bindparam("running", type_=Integer)
#: SQL: the owners who have as many running jobs as they may.
_FULL = f"""SELECT owner FROM owner_limits WHERE running_jobs = 0 UNION ALL
            SELECT r.owner FROM jobs r WHERE r.state = 'running'
             GROUP BY r.owner HAVING count(*) >= {_most("r.owner")}"""

_MAY_RUN = text(f"jobs.owner NOT IN ({_FULL})").bindparams(_RUNNING)


def _head(condition: str = "") -> str:
    """SQL: the first of an owner's jobs that may start.

    Sorting only the owners' heads takes a fraction of sorting the queue. Jobs that wait for a later try are in an index
    of their own, or every claim would step over them.
    """
    return f"""
        SELECT j.id FROM jobs j
         WHERE j.owner = o.name AND j.device = :of_device
           AND j.state = 'queued' AND j.not_before <= j.created_at {condition}
         ORDER BY {_sorted("j")} LIMIT 1"""


def _fairest(head: str, but: str = "0") -> str:
    """SQL: of the owners' heads the one whose owner has the fewest running jobs, then has waited longest.

    Owners who have as many running as they may are passed over; `:running` is the most where nothing else is set.
    """
    return f"""
      SELECT head FROM (
        SELECT ({head}) AS head,
               (SELECT count(*) FROM jobs r WHERE r.owner = o.name AND r.state = 'running') - {but} AS busy,
               {_most("o.name")} AS most, o.last_claim
          FROM owners o) heads
       WHERE head IS NOT NULL AND (most IS NULL OR busy < most) ORDER BY busy, last_claim LIMIT 1"""


#: Takes the first of all for a worker that is not drained, unless the queue is paused, and gives it the number of the
#: event that says so.
CLAIM = (
    update(_JOBS)
    .where(
        _QUEUED,
        _JOBS.c.id == text(_fairest(_head())).bindparams(_RUNNING).columns(_JOBS.c.id).scalar_subquery(),
        ~exists().where(Worker.id == bindparam("by"), Worker.drained),
        ~PAUSED,
    )
    .values(
        state=JobState.RUNNING,
        attempt=_JOBS.c.attempt + 1,
        attempts_without_progress=_JOBS.c.attempts_without_progress + 1,
        beat=_JOBS.c.beat + 1,
        worker=bindparam("by"),
        progress=null(),
        started_at=func.coalesce(_JOBS.c.started_at, NOW),
        events_seq=_JOBS.c.events_seq + 1,
    )
    .returning(_JOBS.c.id, _JOBS.c.attempt, _JOBS.c.owner, _JOBS.c.name, _JOBS.c.trained_s, _JOBS.c.events_seq)
)
#: Puts the jobs whose time for a later try has come back in their places among the others. Those that another claim
#: puts back at this moment are skipped: it need not be done twice, nor waited for.
END_WAITS = (
    update(_JOBS)
    .where(
        _JOBS.c.id.in_(
            select(_JOBS.c.id)
            .where(_QUEUED, _WAITS, _JOBS.c.device == bindparam("of_device"), _JOBS.c.not_before <= NOW)
            .with_for_update(skip_locked=True)
        )
    )
    .values(not_before=_JOBS.c.created_at)
)
_OWN_OR_WAITING = f"COALESCE(({_head('AND j.queued_at <= :settled')}), CASE WHEN o.name = :owner THEN :job_id END)"
#: What a worker would claim if it put a running job back.
NEXT = text(
    f"""
    SELECT j.owner, j.priority, j.level FROM jobs j
     WHERE j.state = 'queued' AND NOT EXISTS (SELECT id FROM queue_pauses)
       AND j.id = ({_fairest(_OWN_OR_WAITING, but="CASE WHEN o.name = :owner THEN 1 ELSE 0 END")})
    """
).bindparams(_RUNNING)


def _eligible() -> Select[Any]:
    """Return the query for how many jobs may start: those that wait for nothing, and those whose wait is over."""
    waiting = select(Job.id).where(_QUEUED, Job.device == bindparam("device"), _MAY_RUN, ~PAUSED)
    kinds = waiting.where(~_WAITS), waiting.where(_WAITS, Job.not_before <= NOW)
    counts = [select(func.count()).select_from(kind.limit(bindparam("most")).subquery()) for kind in kinds]
    return select(*[count.scalar_subquery() for count in counts])


ELIGIBLE = _eligible()  #: every nudge asks for it, so that it is built once


def key(busy: int, last_claim: int, priority: int, level: int, age: int) -> tuple[int, ...]:
    """Return what waiting jobs are sorted by; `busy` and `last_claim` are the owner's, `age` is 0 for the oldest."""
    return busy, last_claim, -priority, level, age


def first(query: Select[Job]) -> Select[Job]:
    """Return a query of one owner's and device's jobs in their order."""
    return query.order_by(text(_sorted("jobs")))


def heads(session: Session, device: str, owner: str, most: int) -> list[str]:
    """Return the first of an owner's queued jobs for a device, in the order in which they are served."""
    mine = select(Job.id).where(_QUEUED, ~_WAITS, Job.device == device, Job.owner == owner)
    return list(session.scalars(mine.order_by(text(_sorted("jobs"))).limit(most)))


@dataclass(frozen=True)
class Place:
    """What decides where a queued job stands among those of its owner."""

    device: str
    priority: int
    level: int
    created_at: datetime
    id: str


def place_number() -> ScalarSelect[int]:
    """Return the query for where a `Place` stands among its owner's jobs, counted up to 1,000: the next one is 1.

    The jobs before it are three ranges of one index; a single condition would be tried on each row of the queue.
    """
    mine = select(Job.id).where(_QUEUED, ~_WAITS, Job.device == bindparam("device"), Job.owner == bindparam("owner"))
    alike = mine.where(Job.priority == bindparam("priority"))
    own = tuple_(bindparam("created_at", type_=Job.created_at.type), bindparam("id"))
    ahead = union_all(
        mine.where(Job.priority > bindparam("priority")),
        alike.where(Job.level < bindparam("level")),
        alike.where(Job.level == bindparam("level"), tuple_(Job.created_at, Job.id) < own),
    )
    return select(1 + func.count()).select_from(ahead.limit(MAX_POSITION - 1).subquery()).scalar_subquery()


POSITION = select(place_number())


def position(session: Session, job: Place, owner: str) -> int:
    """Return a queued job's place among its owner's for its device, 1 for the next, counted up to 1,000."""
    return int(session.connection().execute(POSITION, {"owner": owner, **vars(job)}).scalar_one())


def may_run(running: int | None) -> TextClause:
    """Return the condition of jobs whose owners may have one more running; `running` where nothing else is set."""
    return _MAY_RUN.bindparams(running=running)


def eligible(session: Session, device: str, most: int, running: int | None) -> int:
    """Return how many queued jobs may start now, counted up to `most`; `running` of an owner may run at once."""
    values = {"device": device, "most": most, "running": running}
    return min(most, sum(session.connection().execute(ELIGIBLE, values).one()))
