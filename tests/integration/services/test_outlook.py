"""What the queue shows, on both databases."""

import math
from dataclasses import replace

import pytest

from services.attempts.crash import Crash
from services.db.tables import Job
from services.queue.workers import Sign
from services.wiring.base import Base
from tests.make import make_job, train


def test_a_job_that_waits_is_told_why(joined: Base) -> None:
    joined.attempts.lifecycle.settings = replace(joined.settings, backoff_s=60.0)
    first, second = make_job(joined), make_job(joined, seed=1)

    def why(job_id: str) -> str:
        place = joined.jobs.lookup.get("local", job_id).queue
        assert place is not None
        return place.reason.code

    assert why(first.id) == "no_worker"
    joined.queue.workers.seen(Sign("w", "cpu", 1, {}))
    assert why(first.id) == "starting"
    joined.queue.claims.claim("cpu", "w")
    assert why(second.id) == "slots_busy"
    assert joined.jobs.lookup.get("local", second.id).queue.reason.message == "The one slot is busy, and it is next."
    claim = joined.queue.claims.claim("cpu", "w")
    joined.attempts.lifecycle.crashed(claim, Crash("crashed", "It died."))
    assert why(second.id) == "next_try"


def test_times_are_learnt_from_the_jobs_before(joined: Base) -> None:
    joined.queue.workers.seen(Sign("w", "cpu", 1, {}))
    for n in range(4):
        train(joined, make_job(joined, seed=n, epochs=4).id)
    with joined.database.transaction() as session:
        for job in session.query(Job):
            job.trained_s = 2.0  # half a second an epoch
    running, waits = make_job(joined, seed=5, epochs=20), make_job(joined, seed=6, epochs=8)
    joined.queue.claims.claim("cpu", "w")

    cpu, cuda = joined.queue.outlook.queues("local")

    assert (cpu.queued, cpu.running, cpu.slots, cuda.queued, cuda.workers_online) == (1, 1, 1, 0, 0)
    first, second = cpu.jobs
    assert (first.id, first.position, second.id, second.position) == (running.id, None, waits.id, 1)
    # The first yields after two seconds; the second, which takes four, has then trained no longer than it.
    assert second.start.expected == pytest.approx(2.0)
    assert second.end.expected == pytest.approx(6.2)
    assert first.end.expected == pytest.approx(14.2)
    assert cpu.next_start_s == pytest.approx(4.0)
    assert math.isinf(cuda.next_start_s)


def test_the_jobs_of_others_take_their_turns_and_are_not_shown(joined: Base) -> None:
    joined.queue.workers.seen(Sign("w", "cpu", 1, {}))
    theirs = make_job(joined, owner="b")
    joined.queue.claims.claim("cpu", "w")
    mine = make_job(joined)

    cpu, _ = joined.queue.outlook.queues("local")

    assert [job.id for job in cpu.jobs] == [mine.id]
    assert (cpu.running, cpu.queued) == (1, 1)
    assert [(w.id, w.busy, w.jobs) for w in joined.queue.workers.listing("local")] == [("w", 1, [])]
    assert [w.jobs for w in joined.queue.workers.listing("b")] == [[theirs.id]]


def test_a_worker_that_is_silent_is_not_listed(joined: Base) -> None:
    joined.queue.workers.seen(Sign("w", "cpu", 2, {"torch": "2"}))

    assert [(w.id, w.slots, w.versions) for w in joined.queue.workers.listing("local")] == [("w", 2, {"torch": "2"})]
    assert replace(joined.queue.workers.listing("local")[0], seen_s_ago=0.0).busy == 0
    joined.queue.workers.online_s = -1.0
    assert joined.queue.workers.listing("local") == []
