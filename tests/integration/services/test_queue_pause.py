"""The pause of the whole queue, on both databases: nothing that waits is started, what runs goes on."""

from datetime import timedelta

from services.db.tables import Job
from services.queue.workers import Sign
from services.wiring.base import Base
from tests.batches import numbers, queued, trained, upload
from tests.make import make_job


def test_a_paused_queue_gives_nothing_to_workers_until_it_is_resumed(joined: Base) -> None:
    prediction = queued(joined, trained(joined), upload(joined, numbers(10)), piece_rows=4)
    first, second = make_job(joined).id, make_job(joined, seed=1).id
    joined.queue.pauses.begin()
    since = joined.queue.pauses.began_at()
    joined.queue.pauses.begin()

    assert joined.queue.pauses.began_at() == since is not None
    assert joined.queue.claims.claim("cpu", "w") is None
    assert joined.batches.claims.claim("cpu", "w") is None
    assert joined.eligible("cpu") == 0  # no nudge is sent for what may not start
    assert not joined.queue.workers.waited("cpu", -1.0)  # nor is a worker stuck that takes nothing

    joined.queue.pauses.end()

    assert joined.eligible("cpu") == 3
    assert joined.queue.workers.waited("cpu", -1.0)
    claims = [
        joined.queue.claims.claim("cpu", "w"),
        joined.queue.claims.claim("cpu", "w"),
        joined.batches.claims.claim("cpu", "w"),
    ]
    assert [claim and claim.job_id for claim in claims] == [first, second, prediction.id]


def test_jobs_that_run_while_the_queue_is_paused_do_not_yield(joined: Base) -> None:
    make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    waits = make_job(joined, seed=1).id
    with joined.database.transaction() as session:
        session.get_one(Job, waits).queued_at -= timedelta(seconds=1)
    long_s = 3 * joined.settings.short_job_s
    assert joined.queue.time_slices.is_over(claim, long_s)

    joined.queue.pauses.begin()

    assert not joined.queue.time_slices.is_over(claim, long_s)


def test_a_job_in_a_paused_queue_says_so_from_its_submit_on(joined: Base) -> None:
    joined.queue.workers.seen(Sign("w", "cpu", 1, {}))
    running = make_job(joined).id
    assert joined.queue.claims.claim("cpu", "w") is not None
    before = joined.jobs.changes.mark("local")

    joined.queue.pauses.begin()

    assert joined.jobs.changes.mark("local") != before  # open pages hear of it
    submitted = make_job(joined, seed=1)
    view = joined.queue.outlook.queues("local")[0]
    places = [submitted.queue, joined.jobs.lookup.get("local", submitted.id).queue]
    reasons = [place.reason if place else None for place in places] + [view.jobs[1].reason]
    assert {reason and reason.code for reason in reasons} == {"queue_paused"}
    assert all(reason and "batchyard queue resume" in reason.message for reason in reasons)
    assert [job.id for job in view.jobs] == [running, submitted.id]
    assert view.jobs[1].start.expected == view.next_start_s == float("inf")  # nobody knows how long the pause lasts
