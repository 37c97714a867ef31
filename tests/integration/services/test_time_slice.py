"""Which job has had its turn, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.db.tables import Job
from services.queue.claims import Claim
from services.queue.time_slice import CREDIT_S, PATIENCE_S, TimeSlices
from services.wiring.base import Base
from tests.make import make_job

LONG_S = 25.0  #: more than ten times `short_job_s`


def claimed(joined: Base) -> Claim:
    """Claim the next job."""
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    return claim


def wait(joined: Base, owner: str = "local", seconds: float = 1.0, **parts: object) -> str:
    """Submit a job as if it were so many seconds ago."""
    job = make_job(joined, owner=owner, **parts)
    with joined.database.transaction() as session:
        row = session.get_one(Job, job.id)
        row.queued_at -= timedelta(seconds=abs(seconds))
        row.not_before -= timedelta(seconds=seconds)
    return job.id


@pytest.fixture
def turns(joined: Base) -> TimeSlices:
    """Turns with the default length."""
    return TimeSlices(joined.database, replace(joined.settings, short_job_s=2.0))


def test_a_long_job_yields_to_a_short_one_that_waits_and_a_short_one_does_not(joined: Base, turns: TimeSlices) -> None:
    make_job(joined)
    claim = claimed(joined)
    assert not turns.is_over(claim, LONG_S)  # nobody waits

    wait(joined, seed=1)

    assert turns.is_over(claim, LONG_S)
    assert turns.is_over(claim, 2.0)
    assert not turns.is_over(claim, 1.9)
    assert not TimeSlices(joined.database, replace(joined.settings, short_job_s=0.0)).is_over(claim, LONG_S)


def test_a_job_does_not_yield_to_one_that_came_this_moment_waits_for_its_next_try_or_is_less_urgent(
    joined: Base, turns: TimeSlices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.queue.time_slice.SETTLED_S", 60.0)  # a moment, on a busy machine too
    make_job(joined)
    claim = claimed(joined)

    make_job(joined, seed=1)
    wait(joined, seed=2, seconds=-60)
    assert not turns.is_over(claim, LONG_S)

    wait(joined, seed=3, seconds=120, priority=-1)
    assert not turns.is_over(claim, LONG_S)


def test_a_turn_lasts_a_while_however_long_the_job_has_trained_before(joined: Base, turns: TimeSlices) -> None:
    make_job(joined)
    claim = replace(claimed(joined), trained_s=LONG_S)
    wait(joined, seed=1)

    assert not turns.is_over(claim, 1.0)
    assert turns.is_over(claim, 2.0)


def test_of_two_long_jobs_neither_yields_to_the_other(joined: Base, turns: TimeSlices) -> None:
    make_job(joined)
    first = claimed(joined)
    joined.attempts.lifecycle.yielded(replace(first, trained_s=LONG_S))
    wait(joined, seed=1)
    second = claimed(joined)
    assert second.job_id != first.job_id  # of the shorter level

    assert not turns.is_over(second, 500.0)


def test_a_job_yields_only_if_the_place_would_go_to_the_short_one(joined: Base, turns: TimeSlices) -> None:
    make_job(joined, owner="a")
    of_a = claimed(joined)
    make_job(joined, owner="b")
    of_b = claimed(joined)
    wait(joined, owner="b", seed=1)

    # If a's job went back, fair share would give the place to a again: b already has one.
    assert not turns.is_over(of_a, LONG_S)
    assert turns.is_over(of_b, LONG_S)

    wait(joined, owner="c", seed=2)
    assert turns.is_over(of_a, LONG_S)


def test_what_yielded_comes_after_shorter_jobs_and_is_not_charged(joined: Base, turns: TimeSlices) -> None:
    long = make_job(joined).id
    claim = claimed(joined)
    short = wait(joined, seed=1)

    joined.attempts.lifecycle.yielded(replace(claim, trained_s=LONG_S))

    found = joined.jobs.lookup.get("local", long)
    assert (found.status, found.queue and found.queue.position) == ("queued", 2)
    assert joined.jobs.lookup.events("local", long)[-1].message == "yields to a shorter job"
    with joined.database.reading() as session:
        row = session.get_one(Job, long)
        assert (row.trained_s, row.attempts_without_progress) == (LONG_S, 0)
    assert [claimed(joined).job_id, claimed(joined).job_id] == [short, long]


def test_a_long_job_that_has_waited_for_minutes_goes_first_for_a_minute(joined: Base, turns: TimeSlices) -> None:
    long = make_job(joined).id
    joined.attempts.lifecycle.yielded(replace(claimed(joined), trained_s=LONG_S))
    short = wait(joined, seed=1)

    turns.give_credit()
    with joined.database.transaction() as session:
        assert session.get_one(Job, long).trained_s == LONG_S
        session.get_one(Job, long).queued_at -= timedelta(seconds=PATIENCE_S + 1)
    turns.give_credit()

    claim = claimed(joined)
    assert claim.job_id == long
    assert not turns.is_over(claim, CREDIT_S - 1)
    assert turns.is_over(claim, CREDIT_S + 1)
    assert claimed(joined).job_id == short
