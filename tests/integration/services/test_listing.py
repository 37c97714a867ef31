"""Lists by status, on both databases."""

import pytest

from services.db.engine import now
from services.db.tables import Job
from services.jobs.listing import Filters
from services.states import JobState
from services.wiring.base import Base
from tests.make import make_job

STATES = ["failed", "queued", "running", "failed", "running", "succeeded", "queued", "failed", "running"]


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "name", "-name"])
@pytest.mark.parametrize("statuses", [["failed"], ["queued", "failed"], ["running", "cancelling"], ["cancelling"], []])
def test_the_pages_of_some_statuses_are_the_whole_list_without_the_others(
    joined: Base, statuses: list[str], sort: str
) -> None:
    jobs = [make_job(joined, seed=n, name=f"job-{n * 5 % 9}") for n in range(len(STATES))]
    with joined.database.transaction() as session:
        for n, (job, state) in enumerate(zip(jobs, STATES, strict=True)):
            session.get_one(Job, job.id).state = JobState(state)
            session.get_one(Job, job.id).cancel_requested_at = now(session) if n == 4 else None

    found, after = [], None
    while True:
        page = joined.listing.page("local", Filters(statuses=statuses), sort=sort, limit=2, after=after)
        found += [job.name for job in page.items]
        after = page.next
        if after is None:
            break

    whole = joined.listing.page("local", Filters(), sort=sort, limit=50).items
    wanted = {state for state in statuses if state != "cancelling"}
    assert len(whole) == len(STATES)
    assert found == [
        job.name
        for job in whole
        if not statuses or job.state in wanted or ("cancelling" in statuses and job.status == "cancelling")
    ]
