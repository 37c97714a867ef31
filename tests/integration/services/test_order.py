"""The order of the queue is the same in SQL, which workers claim by, and in Python, which the forecast goes by."""

import random

from sqlalchemy import update

from services.db.tables import Job
from services.queue import order
from services.wiring.base import Base
from tests.make import make_job


def test_workers_claim_one_owners_jobs_in_the_order_of_the_key(joined: Base) -> None:
    draw = random.Random(0)
    jobs = [make_job(joined, seed=n, priority=draw.randint(-2, 2)) for n in range(24)]
    levels = [draw.randint(0, 2) for _ in jobs]
    with joined.database.transaction() as session:
        for job, level in zip(jobs, levels, strict=True):
            session.execute(update(Job).where(Job.id == job.id).values(level=level))

    claimed = [claim.job_id for _ in jobs if (claim := joined.queue.claims.claim("cpu", "w"))]

    keys = {job.id: order.key(0, 0, job.labels.priority, levels[n], n) for n, job in enumerate(jobs)}
    assert claimed == sorted(keys, key=keys.__getitem__)


def test_the_position_that_a_user_sees_is_the_place_in_that_order(joined: Base) -> None:
    draw = random.Random(1)
    jobs = [make_job(joined, seed=n, priority=draw.randint(-1, 1)) for n in range(12)]

    keys = {job.id: order.key(0, 0, job.labels.priority, 0, n) for n, job in enumerate(jobs)}
    places = {job.id: found.position for job in jobs if (found := joined.jobs.lookup.get("local", job.id).queue)}
    assert sorted(places, key=places.__getitem__) == sorted(keys, key=keys.__getitem__)
    assert sorted(places.values()) == list(range(1, 13))
