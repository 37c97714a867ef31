"""The order of the queue: which job is next. The one place that knows it, in SQL and in Python."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Integer, Select, TextClause, bindparam, func, select, text, tuple_, update
from sqlalchemy.orm import Session

from services.db.engine import now
from services.db.job_rows import stamp
from services.db.tables import QUEUE_ORDER, Job

MAX_POSITION = 1_000

#: As the partial indexes say it: what is a parameter can't be compared with an index's condition.
_QUEUED = text("jobs.state = 'queued'")
_WAITS = Job.not_before > Job.created_at


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


def _head(condition: str = "") -> str:
    """SQL: the first of an owner's jobs that may start.

    Sorting only the owners' heads takes a fraction of sorting the queue. Jobs that wait for a later try are in an index
    of their own, or every claim would step over them.
    """
    return f"""
        SELECT j.id FROM jobs j
         WHERE j.owner = o.name AND j.device = :device
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


CLAIM = text(
    f"""
    UPDATE jobs SET state = 'running', attempt = attempt + 1, beat = beat + 1, worker = :worker, progress = NULL,
                    attempts_without_progress = attempts_without_progress + 1,
                    started_at = COALESCE(started_at, :now)
     WHERE state = 'queued' AND id = ({_fairest(_head())})
    RETURNING id, attempt, owner, trained_s
    """
).bindparams(_RUNNING)
_OWN_OR_WAITING = f"COALESCE(({_head('AND j.queued_at <= :settled')}), CASE WHEN o.name = :owner THEN :job_id END)"
#: What a worker would claim if it put a running job back.
NEXT = text(
    f"""
    SELECT j.owner, j.priority, j.level FROM jobs j
     WHERE j.state = 'queued'
       AND j.id = ({_fairest(_OWN_OR_WAITING, but="CASE WHEN o.name = :owner THEN 1 ELSE 0 END")})
    """
).bindparams(_RUNNING)
ELIGIBLE = text(
    f"""
    SELECT (SELECT count(*) FROM (SELECT 1 FROM jobs
              WHERE state = 'queued' AND device = :device AND not_before <= created_at
               AND owner NOT IN ({_FULL}) LIMIT :most) AS ready)
         + (SELECT count(*) FROM (SELECT 1 FROM jobs
              WHERE state = 'queued' AND device = :device AND not_before > created_at AND not_before <= :now
               AND owner NOT IN ({_FULL}) LIMIT :most) AS waited)
    """
).bindparams(_RUNNING)


def end_waits(session: Session, device: str, time: datetime) -> None:
    """Put the jobs whose time for a later try has come back in their places among the others."""
    over = select(Job.id).where(_QUEUED, _WAITS, Job.device == device, Job.not_before <= time)
    # Skipped where another claim does the same at this moment: it need not be done twice, nor waited for.
    ended = update(Job).where(Job.id.in_(over.with_for_update(skip_locked=True))).values(not_before=Job.created_at)
    session.execute(ended, execution_options={"synchronize_session": False})


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


def _position() -> Select[Any]:
    """Return the query for how many of an owner's jobs stand before one: three ranges of one index.

    A single condition would be tried on each row of the queue.
    """
    mine = select(Job.id).where(_QUEUED, ~_WAITS, Job.device == bindparam("device"), Job.owner == bindparam("owner"))
    alike = mine.where(Job.priority == bindparam("priority"))
    own = tuple_(bindparam("created_at", type_=Job.created_at.type), bindparam("id"))
    ahead = [
        mine.where(Job.priority > bindparam("priority")),
        alike.where(Job.level < bindparam("level")),
        alike.where(Job.level == bindparam("level"), tuple_(Job.created_at, Job.id) < own),
    ]
    counts = [select(func.count()).select_from(rows.limit(MAX_POSITION - 1).subquery()) for rows in ahead]
    return select(*[count.scalar_subquery() for count in counts])


POSITION = _position()  #: every submit asks for it, so that it is built once


def position(session: Session, job: Place, owner: str) -> int:
    """Return a queued job's place among its owner's for its device, 1 for the next, counted up to 1,000."""
    found = session.connection().execute(POSITION, {"owner": owner, **vars(job)}).one()
    return min(MAX_POSITION, 1 + sum(found))


def may_run(running: int | None) -> TextClause:
    """Return the condition of jobs whose owners may have one more running; `running` where nothing else is set."""
    return text(f"jobs.owner NOT IN ({_FULL})").bindparams(bindparam("running", running, Integer))


def eligible(session: Session, device: str, most: int, running: int | None) -> int:
    """Return how many queued jobs may start now, counted up to `most`; `running` of an owner may run at once."""
    values = {"device": device, "now": stamp(session, now(session)), "most": most, "running": running}
    found = session.scalar(ELIGIBLE, values)
    return min(most, int(found or 0))
