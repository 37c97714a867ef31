"""A full disk under SQLite: what was stored stays whole, a training waits for room, and a submit says so."""

from contextlib import closing

import pytest
from sqlalchemy import text

from services.attempts.recorder import Recorder
from services.db.engine import Database
from services.db.tables import Event
from services.errors import StorageFull
from services.wiring.base import Base
from tests.integration.services.test_recorder import Contents, begin, feed
from tests.make import make_job


@pytest.fixture(autouse=True)
def _only_sqlite(joined: Base) -> None:
    if not joined.database.is_sqlite:
        pytest.skip("PostgreSQL's disk can't be made full here")


def leave_room(database: Database, pages: int | None) -> None:
    """Let the one connection of a database add so many pages, or as many as it likes."""
    with database.reading() as session:
        there = int(session.scalar(text("PRAGMA page_count")) or 0)
        session.execute(text(f"PRAGMA max_page_count = {1_000_000 if pages is None else there + pages}"))


def test_a_training_waits_for_room_and_loses_no_epoch(joined: Base) -> None:
    work, contents, waits = begin(joined), Contents(size=20_000), 0
    with closing(Database(joined.settings, pool_size=1)) as full:

        def sleep(_: float) -> None:
            nonlocal waits
            waits += 1
            assert (
                joined.jobs.lookup.content(joined.jobs.lookup.checkpoint("local", work.job_id, "last"))
                == b"last3" * 20_000
            )
            if waits == 3:
                leave_room(full, None)

        recorder = Recorder(full, joined.settings, work, contents, clock=lambda: 0.0, sleep=sleep)
        feed(recorder, contents, range(1, 2))
        leave_room(full, 2)
        feed(recorder, contents, range(2, 6))
        recorder.interrupted()

    assert waits == 3
    job = joined.jobs.lookup.get("local", work.job_id)
    assert [epoch.epoch for epoch in joined.jobs.lookup.epochs("local", work.job_id)] == [1, 2, 3, 4, 5]
    assert (job.status, job.training.epochs_done, job.run.attempt) == ("running", 5, 1)
    assert joined.jobs.lookup.content(joined.jobs.lookup.checkpoint("local", work.job_id, "last")) == b"last15" * 20_000


def test_a_submit_that_does_not_fit_is_refused_and_leaves_nothing(joined: Base) -> None:
    make_job(joined)
    joined.database.close()  # its idle connections: the next one is the only one
    leave_room(joined.database, 0)

    def fill() -> None:
        for n in range(200):
            make_job(joined, seed=n, metadata={"words": "x" * 1000})

    with pytest.raises(StorageFull):
        fill()
    leave_room(joined.database, None)

    with joined.database.reading() as session:
        jobs = session.scalar(text("SELECT count(*) FROM jobs"))
        events = session.query(Event).filter(Event.type == "queued").count()
    assert jobs == events
