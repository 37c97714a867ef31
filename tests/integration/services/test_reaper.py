"""A job is put back only when six reads in a row show the same beat, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from services.attempts.reaper import Reaper
from services.db import engine
from services.db.engine import Database
from services.errors import NotReady
from services.wiring.base import Base
from tests.make import make_job


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def looks(joined: Base, clock: Clock, reaper: Reaper, times: int, pause_s: float | None = None) -> list[str]:
    """Look so many times, an interval apart; return what was put back."""
    found = []
    for _ in range(times):
        clock.time += joined.settings.reap_interval_s if pause_s is None else pause_s
        found += reaper.look()
    return found


@pytest.fixture
def clock() -> Clock:
    """A clock at zero."""
    return Clock()


@pytest.fixture
def reaper(joined: Base, clock: Clock) -> Reaper:
    """A reaper that goes by the clock."""
    return Reaper(joined.database, joined.attempts.lifecycle, joined.settings, clock)


def test_a_silent_job_is_put_back_at_the_sixth_read(joined: Base, clock: Clock, reaper: Reaper) -> None:
    job = make_job(joined)
    joined.queue.claims.claim("cpu", "w")

    assert looks(joined, clock, reaper, 5) == []
    assert looks(joined, clock, reaper, 1) == [job.id]
    assert joined.jobs.lookup.get("local", job.id).status == "queued"


def test_a_job_that_beats_is_left_alone(joined: Base, clock: Clock, reaper: Reaper) -> None:
    make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None

    for _ in range(4):
        assert looks(joined, clock, reaper, 5) == []
        joined.attempts.lifecycle.beat(claim, None)


def test_reads_while_nothing_can_be_written_put_nothing_back(
    joined: Base, clock: Clock, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not joined.database.is_sqlite:
        pytest.skip("PostgreSQL has no lock that stops all writers and no reader")
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    impatient = Database(joined.settings)
    impatient.ping()
    looking = Reaper(impatient, joined.attempts.lifecycle, joined.settings, clock)
    make_job(joined)
    joined.queue.claims.claim("cpu", "w")
    with joined.database.transaction():  # as long as somebody writes, no beat can be written either
        for _ in range(10):
            with pytest.raises(NotReady):
                looks(joined, clock, looking, 1)
    impatient.close()

    assert looks(joined, clock, reaper, 5) == []


def test_a_read_that_was_kept_waiting_is_late(joined: Base, clock: Clock, reaper: Reaper) -> None:
    make_job(joined)
    joined.queue.claims.claim("cpu", "w")
    looks(joined, clock, reaper, 5)
    whole = joined.database.transaction

    @contextmanager
    def slow() -> Iterator[Session]:
        clock.time += joined.settings.reap_interval_s * 3
        with whole() as session:
            yield session

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joined.database, "transaction", slow)
        assert looks(joined, clock, reaper, 1) == []
    assert looks(joined, clock, reaper, 4) == []


def test_a_late_read_forgets_all_counts(joined: Base, clock: Clock, reaper: Reaper) -> None:
    make_job(joined)
    joined.queue.claims.claim("cpu", "w")
    looks(joined, clock, reaper, 5)

    assert looks(joined, clock, reaper, 1, pause_s=joined.settings.reap_interval_s * 3) == []
    assert looks(joined, clock, reaper, 4) == []
    assert len(looks(joined, clock, reaper, 1)) == 1


def test_a_read_that_fails_forgets_all_counts(
    joined: Base, clock: Clock, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(joined)
    joined.queue.claims.claim("cpu", "w")
    looks(joined, clock, reaper, 5)

    def away() -> None:
        raise NotReady

    with monkeypatch.context() as patch:
        patch.setattr(joined.database, "transaction", away)
        with pytest.raises(NotReady):
            looks(joined, clock, reaper, 1)

    assert looks(joined, clock, reaper, 5) == []
    assert len(looks(joined, clock, reaper, 1)) == 1


def test_of_two_reapers_only_one_puts_a_job_back(joined: Base, clock: Clock, reaper: Reaper) -> None:
    job = make_job(joined)
    joined.queue.claims.claim("cpu", "w")
    other = Reaper(joined.database, joined.attempts.lifecycle, joined.settings, clock)
    looks(joined, clock, other, 5)
    looks(joined, clock, reaper, 5)

    put_back = looks(joined, clock, reaper, 1) + looks(joined, clock, other, 1, pause_s=0.0)

    assert put_back == [job.id]
    assert [event.type for event in joined.jobs.lookup.events("local", job.id)] == ["queued", "started", "requeued"]


def test_a_silent_job_whose_user_asked_to_cancel_is_cancelled(joined: Base, clock: Clock, reaper: Reaper) -> None:
    job = make_job(joined)
    joined.queue.claims.claim("cpu", "w")
    joined.jobs.commands.cancel("local", job.id)

    looks(joined, clock, reaper, 6)

    assert joined.jobs.lookup.get("local", job.id).status == "cancelled"
