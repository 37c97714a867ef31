"""Lists by status, on both databases."""

from io import BytesIO

import pytest

from services.db.engine import now
from services.db.tables import Job
from services.errors import InvalidRequest
from services.jobs.listing import Filters, Sort
from services.states import JobState
from services.wiring.base import Base
from tests.make import make_job

STATES = ["failed", "queued", "running", "failed", "running", "succeeded", "queued", "failed", "running"]


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "name", "-name"])
@pytest.mark.parametrize("statuses", [["failed"], ["queued", "failed"], ["running", "cancelling"], ["cancelling"], []])
def test_the_pages_of_some_statuses_are_the_whole_list_without_the_others(
    joined: Base, statuses: list[str], sort: Sort
) -> None:
    jobs = [make_job(joined, seed=n, name=f"job-{n * 5 % 9}") for n in range(len(STATES))]
    with joined.database.transaction() as session:
        for n, (job, state) in enumerate(zip(jobs, STATES, strict=True)):
            session.get_one(Job, job.id).state = JobState(state)
            session.get_one(Job, job.id).cancel_requested_at = now(session) if n == 4 else None

    found, after = [], None
    while True:
        page = joined.jobs.listing.page("local", Filters(statuses=statuses), sort=sort, limit=2, after=after)
        found += [job.name for job in page.items]
        after = page.next
        if after is None:
            break

    whole = joined.jobs.listing.page("local", Filters(), sort=sort, limit=50).items
    wanted = {state for state in statuses if state != "cancelling"}
    assert len(whole) == len(STATES)
    assert found == [
        job.name
        for job in whole
        if not statuses or job.state in wanted or ("cancelling" in statuses and job.status == "cancelling")
    ]


def test_the_places_that_a_list_shows_are_those_that_each_job_tells(joined: Base) -> None:
    jobs = [make_job(joined, seed=n, name=f"job-{n}", priority=n % 2) for n in range(5)]
    with joined.database.transaction() as session:
        session.get_one(Job, jobs[2].id).state = JobState.FAILED

    shown = joined.jobs.listing.page("local", Filters(), limit=50).items
    places = joined.jobs.listing.positions("local", shown)

    told = {job.id: joined.jobs.lookup.get("local", job.id).queue for job in jobs}
    assert places == {job_id: queue.position for job_id, queue in told.items() if queue}
    assert sorted(places.values()) == [1, 2, 3, 4]


def test_a_text_is_a_part_of_a_name_the_beginning_of_an_id_or_a_whole_tag(joined: Base) -> None:
    first = make_job(joined, seed=1, name="iris_wide", tags=["blue"])
    second = make_job(joined, seed=2, name="wine", tags=["blueish"])

    def names(text: str) -> set[str]:
        return {job.name for job in joined.jobs.listing.page("local", Filters(text=text), limit=50).items}

    assert names("ris_W") == {"iris_wide"}
    assert names("i_e") == set()  # no pattern, though SQL has one
    assert names("blue") == {"iris_wide"}
    assert names(second.id[:14]) == {"wine"}
    assert names("%") == set()
    assert names(first.id[4:]) == set()


def test_the_jobs_of_a_data_set_are_listed(joined: Base) -> None:
    job = make_job(joined, seed=1)
    make_job(joined, seed=2, data={"builtin": "wine"})

    found = joined.jobs.listing.page("local", Filters(dataset_id=job.data.id), limit=50).items

    assert [one.id for one in found] == [job.id]


def test_the_jobs_of_data_sets_are_counted_for_their_owner(joined: Base) -> None:
    used = [make_job(joined, seed=n).data.id for n in range(2)]  # the same rows are one data set
    other = make_job(joined, owner="other").data.id
    unused, _ = joined.datasets.upload(BytesIO(b"a,b\n1,2\n2,3\n"), name="unused.csv", owner="local")

    counts = joined.jobs.listing.uses("local", [used[0], other, unused.id])

    assert used[0] == used[1]
    assert counts == {used[0]: 2, other: 0, unused.id: 0}
    assert joined.jobs.listing.uses("local", []) == {}


@pytest.mark.parametrize(("sort", "expected"), [("best", ["c", "a", "d", "b"]), ("-best", ["d", "a", "c", "b"])])
def test_jobs_without_a_best_value_come_last_in_either_order(joined: Base, sort: Sort, expected: list[str]) -> None:
    values = {"a": 0.5, "b": None, "c": -2.0, "d": 31.0}
    jobs = {name: make_job(joined, seed=n, name=name).id for n, name in enumerate(values)}
    with joined.database.transaction() as session:
        for name, value in values.items():
            session.get_one(Job, jobs[name]).best_value = value

    found, after = [], None
    while True:
        page = joined.jobs.listing.page("local", Filters(), sort=sort, limit=1, after=after)
        found += [job.name for job in page.items]
        after = page.next
        if after is None:
            break

    assert found == expected


def test_a_cursor_of_another_order_is_refused(joined: Base) -> None:
    for n in range(2):
        make_job(joined, seed=n)
    by_name = joined.jobs.listing.page("local", Filters(), sort="name", limit=1).next

    with pytest.raises(InvalidRequest):
        joined.jobs.listing.page("local", Filters(), sort="best", limit=1, after=by_name)
