"""Who gets which job, and who may write, on both databases."""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from services.attempts.crash import Crash
from services.attempts.work import StopRequests
from services.db.tables import Job
from services.queue.claims import Claim
from services.queue.workers import Sign
from services.wiring.base import Base
from tests.make import make_job


def claimed(joined: Base) -> str:
    """Claim and return the job's id."""
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    return claim.job_id


def test_of_many_workers_that_claim_at_once_each_job_goes_to_one(joined: Base) -> None:
    jobs = {make_job(joined, seed=n).id for n in range(20)}
    won: list[str] = []

    def work() -> None:
        while claim := joined.queue.claims.claim("cpu", "w"):
            won.append(claim.job_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(won) == Counter(jobs)


def test_the_owner_with_fewer_running_jobs_comes_first_then_the_one_who_waits_longest(joined: Base) -> None:
    flood = [make_job(joined, owner="flood", priority=10, seed=n).id for n in range(3)]
    calm = [make_job(joined, owner="calm", seed=n).id for n in range(2)]

    order = [claimed(joined) for _ in range(5)]

    assert order == [flood[0], calm[0], flood[1], calm[1], flood[2]] or order == [
        calm[0],
        flood[0],
        calm[1],
        flood[1],
        flood[2],
    ]


def test_of_one_owners_jobs_priority_comes_before_age(joined: Base) -> None:
    old, new, urgent = make_job(joined).id, make_job(joined, seed=1).id, make_job(joined, seed=2, priority=5).id

    assert [claimed(joined) for _ in range(3)] == [urgent, old, new]


def test_a_job_that_pauses_before_its_next_try_is_not_eligible(joined: Base) -> None:
    job = make_job(joined)
    with joined.database.transaction() as session:
        session.get_one(Job, job.id).not_before += timedelta(hours=1)

    assert joined.eligible("cpu") == 0
    assert joined.queue.claims.claim("cpu", "w") is None


def test_a_job_whose_pause_is_over_comes_back_to_its_old_place(joined: Base) -> None:
    old, new, urgent = make_job(joined).id, make_job(joined, seed=1).id, make_job(joined, seed=2, priority=5).id
    with joined.database.transaction() as session:
        row = session.get_one(Job, old)
        row.not_before = row.created_at + timedelta(microseconds=1)

    assert joined.eligible("cpu") == 3
    assert [claimed(joined) for _ in range(3)] == [urgent, old, new]


def test_a_queued_jobs_place_is_among_those_that_may_start(joined: Base) -> None:
    jobs = [make_job(joined, seed=n, priority=n % 2).id for n in range(4)]
    with joined.database.transaction() as session:
        session.get_one(Job, jobs[1]).not_before += timedelta(hours=1)

    places = [joined.jobs.lookup.get("local", job).queue for job in jobs]

    assert [place and place.position for place in places] == [2, 1, 3, 1]


def test_a_job_for_another_device_waits_for_it(joined: Base) -> None:
    job = make_job(joined, device="cuda")

    assert joined.queue.claims.claim("cpu", "w") is None
    assert joined.eligible("cuda") == 1
    assert [warning["code"] for warning in job.warnings if warning["pointer"] == "#/device"] == ["no_worker_for_device"]


def test_a_beat_of_an_old_attempt_is_refused(joined: Base) -> None:
    make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None

    assert joined.attempts.lifecycle.beat(claim, {"step": 1}) == StopRequests(cancel=False, pause=False)
    assert joined.attempts.lifecycle.beat(Claim(claim.job_id, claim.attempt + 1), None) is None
    assert joined.jobs.lookup.get("local", claim.job_id).training.reported == {"step": 1}


@pytest.mark.parametrize("stop", ["none", "cancel", "pause", "both"])
def test_a_drained_job_goes_where_its_user_asked_and_is_not_charged(joined: Base, stop: str) -> None:
    job = make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    with joined.database.transaction() as session:
        row = session.get_one(Job, job.id)
        row.cancel_requested_at = row.created_at if stop in {"cancel", "both"} else None
        row.pause_requested_at = row.created_at if stop in {"pause", "both"} else None

    joined.attempts.lifecycle.drained(claim)

    with joined.database.reading() as session:
        row = session.get_one(Job, job.id)
        assert row.state == {"none": "queued", "pause": "paused"}.get(stop, "cancelled")
        assert row.attempts_without_progress == 0
    last = joined.jobs.lookup.events("local", job.id)[-1]
    assert last.type == {"none": "requeued", "pause": "paused"}.get(stop, "end")


def test_a_job_that_dies_three_times_without_progress_fails_with_what_it_died_of(joined: Base) -> None:
    job = make_job(joined)
    pauses = []
    for _ in range(3):
        with joined.database.transaction() as session:
            session.get_one(Job, job.id).not_before -= timedelta(hours=1)
        claim = joined.queue.claims.claim("cpu", "w")
        assert claim is not None
        joined.attempts.lifecycle.crashed(
            claim, Crash("crashed", "The trainer was killed by SIGSEGV.", log_tail=["Fatal"])
        )
        pauses.append(joined.jobs.lookup.events("local", job.id)[-1].data.get("pause_seconds"))

    found = joined.jobs.lookup.get("local", job.id)

    assert (found.status, found.run.attempt, found.outcome.stop_reason) == ("failed", 3, "error")
    assert found.outcome.error is not None
    assert (found.outcome.error["code"], found.outcome.error["log_tail"]) == ("crashed", ["Fatal"])
    assert 0 < pauses[0] < pauses[1]


def test_a_fault_that_trying_again_cant_mend_fails_at_once(joined: Base) -> None:
    job = make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None

    joined.attempts.lifecycle.crashed(claim, Crash("data_unreadable", "The file is gone."), final=True)

    assert joined.jobs.lookup.get("local", job.id).status == "failed"


def test_the_claim_walks_the_queues_own_index(joined: Base) -> None:
    from sqlalchemy import text

    explain = "EXPLAIN QUERY PLAN" if joined.database.is_sqlite else "EXPLAIN"
    head = (
        "SELECT j.id FROM jobs j WHERE j.owner = 'local' AND j.state = 'queued' AND j.device = 'cpu' "
        "AND j.not_before <= j.created_at ORDER BY j.priority DESC, j.level, j.created_at, j.id LIMIT 1"
    )
    with joined.database.transaction() as session:
        if not joined.database.is_sqlite:
            session.execute(text("SET enable_seqscan = off"))
        plan = " ".join(str(row) for row in session.execute(text(f"{explain} {head}")))

    assert "ix_jobs_queue" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_a_drained_worker_claims_nothing_and_another_does(joined: Base) -> None:
    for worker in ("w", "other"):
        joined.queue.workers.seen(Sign(worker, "cpu", 2, {}))
    first, second = make_job(joined).id, make_job(joined, seed=1).id
    assert claimed(joined) == first

    joined.queue.workers.drain("w", drained=True)
    joined.queue.workers.seen(Sign("w", "cpu", 2, {}))  # its next sign of life changes nothing

    assert joined.queue.claims.claim("cpu", "w") is None
    assert {view.id: view.status for view in joined.queue.workers.listing("local")} == {
        "other": "idle",
        "w": "draining",
    }
    taken = joined.queue.claims.claim("cpu", "other")
    assert taken is not None
    assert taken.job_id == second

    joined.queue.workers.drain("w", drained=False)
    third = make_job(joined, seed=2).id
    assert claimed(joined) == third


def test_a_job_of_a_drained_worker_does_not_yield(joined: Base) -> None:
    joined.queue.workers.seen(Sign("w", "cpu", 1, {}))
    make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    waits = make_job(joined, seed=1).id
    with joined.database.transaction() as session:
        session.get_one(Job, waits).queued_at -= timedelta(seconds=1)
    long_s = 3 * joined.settings.short_job_s
    assert joined.queue.time_slices.is_over(claim, long_s)

    joined.queue.workers.drain("w", drained=True)

    assert not joined.queue.time_slices.is_over(claim, long_s)


def test_a_job_that_waits_for_drained_workers_says_so(joined: Base) -> None:
    joined.queue.workers.seen(Sign("w", "cpu", 1, {}))
    joined.queue.workers.drain("w", drained=True)

    place = joined.jobs.lookup.get("local", make_job(joined).id).queue

    assert place is not None
    assert place.reason.code == "workers_drained"
    assert "undrain" in place.reason.message
    assert joined.queue.workers.online("cpu") == 0
