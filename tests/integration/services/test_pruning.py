"""What is finished is pruned by age and count, and nothing that is needed, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from services.db.engine import now
from services.db.tables import Checkpoint, CheckpointChunk, Event, Job
from services.errors import NotFound
from services.jobs.pruning import Pruning
from services.webhooks.outbox import Outbox
from services.webhooks.webhook_spec import WebhookSpec
from services.wiring.base import Base
from tests.make import make_job, train


def prune(joined: Base, **kept: Any) -> None:
    """Prune until nothing more goes."""
    retention = Pruning(joined.database, joined.jobs.commands, replace(joined.settings, **kept))
    while retention.prune():
        pass


def finished(joined: Base, days: float, **parts: Any) -> str:
    """Return a job that was trained so many days ago."""
    job = train(joined, make_job(joined, **parts).id)
    age(joined, job.id, days)
    return job.id


def age(joined: Base, job_id: str, days: float) -> None:
    """Let a job have finished so many days ago."""
    with joined.database.transaction() as session:
        ago = now(session) - timedelta(days=days)
        session.execute(update(Job).where(Job.id == job_id).values(finished_at=ago, created_at=ago))


def left(joined: Base) -> set[str]:
    """Return the jobs that are there."""
    with joined.database.reading() as session:
        return set(session.scalars(select(Job.id)))


def test_without_a_setting_nothing_goes(joined: Base) -> None:
    job = finished(joined, 10_000)
    prune(joined)

    assert left(joined) == {job}
    assert len(joined.jobs.lookup.events("local", job)) > 2


def test_a_job_goes_by_age_with_its_checkpoints_and_events(joined: Base) -> None:
    old, new = finished(joined, 8), finished(joined, 6)
    prune(joined, keep_jobs_days=7)

    assert left(joined) == {new}
    with joined.database.reading() as session:
        assert set(session.scalars(select(Checkpoint.job_id))) == {new}
        assert set(session.scalars(select(Event.job_id))) == {new}
        kept = session.scalar(select(func.count(Checkpoint.id)))
        assert session.scalar(select(func.count(func.distinct(CheckpointChunk.checkpoint_id)))) == kept
    with pytest.raises(NotFound):
        joined.jobs.lookup.get("local", old)


def test_the_newest_of_each_owner_are_kept(joined: Base) -> None:
    mine = [finished(joined, days) for days in (4, 3, 2, 1)]
    theirs = make_job(joined, owner="other").id
    joined.jobs.commands.cancel("other", theirs)
    age(joined, theirs, 100)
    prune(joined, keep_jobs_count=2)

    assert left(joined) == {*mine[2:], theirs}


def test_a_job_that_is_not_finished_stays(joined: Base) -> None:
    running = make_job(joined).id
    joined.queue.claims.claim("cpu", "w")
    queued = make_job(joined).id
    for job in (running, queued):
        age(joined, job, 100)
    prune(joined, keep_jobs_days=1, keep_jobs_count=1, keep_events_days=1)

    assert left(joined) == {running, queued}
    assert [event.type for event in joined.jobs.lookup.events("local", running)] == ["queued", "started"]


def test_a_job_from_which_another_starts_stays_until_that_one_goes(joined: Base) -> None:
    source = finished(joined, 100, name="source")
    waiting = make_job(joined, init_from={"job": "source"}).id
    prune(joined, keep_jobs_days=7)
    before = left(joined)
    train(joined, waiting)
    prune(joined, keep_jobs_days=7)
    after = left(joined)
    age(joined, waiting, 100)
    prune(joined, keep_jobs_days=7)

    assert before == after == {source, waiting}
    assert left(joined) == set()


def test_events_go_by_age_but_a_stream_still_ends(joined: Base) -> None:
    old, new = finished(joined, 8), finished(joined, 6)
    many = len(joined.jobs.lookup.events("local", new))
    prune(joined, keep_events_days=7)

    assert [event.type for event in joined.jobs.lookup.events("local", old)] == ["end"]
    assert len(joined.jobs.lookup.events("local", new)) == many
    assert len(joined.jobs.lookup.epochs("local", old)) == 3


def test_what_a_webhook_is_still_to_be_told_stays(joined: Base) -> None:
    joined.webhooks.add("local", WebhookSpec(url="https://93.184.215.14/"))
    job = finished(joined, 100)
    many = len(joined.jobs.lookup.events("local", job))
    prune(joined, keep_jobs_days=7, keep_events_days=7)
    before = len(joined.jobs.lookup.events("local", job))
    while Outbox(joined.database).look():
        pass
    prune(joined, keep_jobs_days=7, keep_events_days=7)

    assert before == many
    assert left(joined) == set()
