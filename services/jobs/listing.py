"""Lists of jobs: filters, order, pages, counts, and a small curve for each row."""

import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, String, bindparam, cast, func, select, true, tuple_, union
from sqlalchemy.orm import Session

from services.db import cursors
from services.db.engine import Database
from services.db.tables import Dataset, Epoch, Job
from services.jobs import job_views
from services.jobs.job_views import JobView, Page
from services.queue import order
from services.states import JobState

SPARK_POINTS = 24
MAX_PLACES = 100  #: places of a queue that a list shows
MAX_COUNT = 10_000  #: counting stops here
MAX_USES = 100  #: of a data set, up to which its jobs are counted
Sort = Literal["-created_at", "created_at", "name", "-name", "best", "-best"]
LAST = sys.float_info.max  #: the place of a job that has no best value


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to. Everything given must hold."""

    statuses: list[str] = field(default_factory=list)  #: states; also cancelling and pausing
    name: str | None = None  #: a pattern with `*`
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    text: str | None = None  #: a part of the name, the beginning of the id, or a tag
    dataset_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class JobListing:
    """The lists of one owner's jobs."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(
        self, owner: str, filters: Filters, *, sort: Sort = "-created_at", limit: int = 20, after: str | None = None
    ) -> Page[JobView]:
        """Return a page of jobs, each with its small curve.

        Raises: InvalidRequest when the cursor is none of this list.
        """
        column = _column(sort)
        mine = [Job.owner == owner, *_conditions(filters)]
        if after:
            place = _place(sort, *cursors.read(after, 2))
            pair = tuple_(column, Job.id)
            mine.append(pair < place if sort.startswith("-") else pair > place)
        order = (column.desc(), Job.id.desc()) if sort.startswith("-") else (column, Job.id)
        # The head of each status: an index has each in order, but none has several together.
        heads = [
            select(Job.id).where(*mine, status).order_by(*order).limit(limit + 1).subquery()
            for status in _statuses(filters)
        ]
        ids = union(*(select(head.c.id) for head in heads)).subquery()
        query = select(Job, Dataset.name).join(ids, ids.c.id == Job.id).join(Dataset, Dataset.id == Job.dataset_id)
        with self.database.reading() as session:
            found = session.execute(query.order_by(*order).limit(limit + 1)).all()
            shown = found[:limit]
            sparks = _sparks(session, [(row[0].id, row[0].epochs_done) for row in shown])
            jobs = [job_views.job_view(row[0], row[1], sparks.get(row[0].id)) for row in shown]
        more = len(found) > limit
        last = shown[-1][0] if shown else None
        return Page(jobs, cursors.write(_value(sort, last), last.id) if more and last else None)

    def positions(self, owner: str, jobs: list[JobView]) -> dict[str, int]:
        """Return the places of those of these jobs that are among the first of their queue."""
        devices = {job.run.device for job in jobs if job.state is JobState.QUEUED}
        places: dict[str, int] = {}
        with self.database.reading() as session:
            for device in devices:
                heads = order.heads(session, device, owner, MAX_PLACES)
                places |= {job_id: n for n, job_id in enumerate(heads, 1)}
        return {job.id: places[job.id] for job in jobs if job.id in places}

    def counts(self, owner: str) -> dict[str, int]:
        """Return how many jobs are in each state; counting stops at 10,000."""
        with self.database.reading() as session:
            found = session.connection().execute(COUNTS, {"owner": owner}).one()
        return {str(state): int(count) for state, count in zip(JobState, found, strict=True)}

    def uses(self, owner: str, dataset_ids: list[str]) -> dict[str, int]:
        """Return how many of an owner's jobs use each of these data sets; counting stops at 100."""
        with self.database.reading() as session:
            mine = select(Job.id).where(Job.owner == owner)
            few = {one: mine.where(Job.dataset_id == one).limit(MAX_USES).subquery() for one in dataset_ids}
            counts = [select(func.count()).select_from(rows).scalar_subquery() for rows in few.values()]
            found = session.execute(select(*counts)).one() if counts else ()
        return dict(zip(few, map(int, found), strict=True))


def _counts() -> Select[Any]:
    mine = Job.owner == bindparam("owner")
    some = [select(Job.id).where(mine, Job.state == state).limit(MAX_COUNT).subquery() for state in JobState]
    return select(*[select(func.count()).select_from(rows).scalar_subquery() for rows in some])


COUNTS = _counts()  #: every list asks for it, so that it is built once


def _column(sort: Sort) -> Any:
    """Return what a list is sorted by; jobs without a best value stand last in either order."""
    if sort.endswith("best"):
        return func.coalesce(Job.best_value, -LAST if sort == "-best" else LAST)
    return Job.name if sort.endswith("name") else Job.created_at


def _value(sort: Sort, job: Job) -> Any:
    """Return the value of `_column` of a job, as a cursor keeps it."""
    if sort.endswith("best"):
        return job.best_value if job.best_value is not None else -LAST if sort == "-best" else LAST
    return job.name if sort.endswith("name") else job.created_at.isoformat()


def _place(sort: Sort, value: Any, job_id: Any) -> tuple[Any, Any]:
    """Return the place that a cursor names.

    Raises: InvalidRequest when it is of a list in another order.
    """
    if sort.endswith("best"):
        return cursors.number(value), job_id
    return (value if sort.endswith("name") else cursors.time(value)), job_id


def _statuses(filters: Filters) -> list[Any]:
    cancelling = Job.cancel_requested_at.is_not(None)
    requested = {"cancelling": cancelling, "pausing": Job.pause_requested_at.is_not(None) & ~cancelling}
    running = Job.state == JobState.RUNNING
    found = [running & requested[status] if status in requested else Job.state == status for status in filters.statuses]
    return found or [true()]


def _conditions(filters: Filters) -> list[Any]:
    conditions: list[Any] = []
    if filters.name is not None:
        conditions.append(Job.name.like(_pattern(filters.name), escape="\\"))
    if filters.text is not None:
        anywhere = Job.name.ilike(_pattern(f"*{filters.text}*"), escape="\\")
        begins = Job.id.like(_pattern(f"{filters.text}*"), escape="\\")
        conditions.append(anywhere | begins | cast(Job.tags, String).like(_pattern(f'*"{filters.text}"*'), escape="\\"))
    if filters.dataset_id is not None:
        conditions.append(Job.dataset_id == filters.dataset_id)
    conditions += [cast(Job.tags, String).like(f'%"{tag}"%') for tag in filters.tags]
    conditions += [Job.metadata_[key].as_string() == value for key, value in filters.metadata.items()]
    if filters.created_after:
        conditions.append(Job.created_at > filters.created_after)
    if filters.created_before:
        conditions.append(Job.created_at < filters.created_before)
    return conditions


def _pattern(text: str) -> str:
    """Return a text as LIKE takes it, in which `*` stands for anything."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")


def _sparks(session: Session, jobs: list[tuple[str, int]]) -> dict[str, list[float]]:
    """Return at most 24 training costs of each job, evenly spread, in one query for the page."""
    wanted = [(job_id, epoch) for job_id, done in jobs for epoch in _spread(done)]
    if not wanted:
        return {}
    query = select(Epoch.job_id, Epoch.train_cost).where(tuple_(Epoch.job_id, Epoch.epoch).in_(wanted))
    sparks: dict[str, list[float]] = {}
    for job_id, cost in session.execute(query.order_by(Epoch.job_id, Epoch.epoch)):
        if cost is not None:
            sparks.setdefault(job_id, []).append(cost)
    return sparks


def _spread(done: int) -> list[int]:
    if done <= SPARK_POINTS:
        return list(range(1, done + 1))
    return sorted({1 + round(n * (done - 1) / (SPARK_POINTS - 1)) for n in range(SPARK_POINTS)})
