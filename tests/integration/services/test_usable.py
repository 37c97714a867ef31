"""A name predicts with the newest job of it that can, on both databases."""

import pytest
from sqlalchemy import update

from services.db.tables import Job
from services.errors import NotFound
from services.wiring.base import Base
from tests.make import make_job, train


def test_a_later_job_without_a_model_does_not_take_the_name_over(joined: Base) -> None:
    good = train(joined, make_job(joined, seed=1, name="nightly").id)
    bad = make_job(joined, seed=2, name="nightly")
    with joined.database.transaction() as session:
        session.execute(update(Job).where(Job.id == bad.id).values(state="failed"))

    assert joined.reading.usable("local", "nightly").id == good.id
    assert joined.reading.usable("local", bad.id).id == bad.id
    assert joined.reading.get("local", "nightly").id == bad.id
    with pytest.raises(NotFound):
        joined.reading.usable("local", "weekly")
