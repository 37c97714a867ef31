"""A name predicts with the newest job of it that can, on both databases."""

import pytest
from sqlalchemy import update

from services.db.tables import Job
from services.errors import NotFound
from services.training_errors import NoBestEpoch
from services.wiring.base import Base
from tests.make import make_job, train


def test_a_later_job_without_a_model_does_not_take_the_name_over(joined: Base) -> None:
    good = train(joined, make_job(joined, seed=1, name="nightly").id)
    bad = make_job(joined, seed=2, name="nightly")
    with joined.database.transaction() as session:
        session.execute(update(Job).where(Job.id == bad.id).values(state="failed"))

    assert joined.jobs.lookup.usable("local", "nightly").id == good.id
    assert joined.jobs.lookup.usable("local", bad.id).id == bad.id
    assert joined.jobs.lookup.get("local", "nightly").id == bad.id
    with pytest.raises(NotFound):
        joined.jobs.lookup.usable("local", "weekly")


def test_a_diverged_job_does_not_take_the_name_over(joined: Base) -> None:
    good = train(joined, make_job(joined, seed=1, name="nightly").id)
    scale = {"x": [[1e3 * n, n] for n in range(12)], "y": [float(n) for n in range(12)], "scale": "none"}
    exploding = {"optimizer": {"type": "sgd", "lr": 1e-3}, "model": "linear", "epochs": 2, "split": {"type": "none"}}
    exploded = train(joined, make_job(joined, name="nightly", data=scale, early_stopping=False, **exploding).id)

    assert exploded.state == "succeeded"
    assert [warning["code"] for warning in exploded.warnings][-1] == "diverged"
    assert exploded.training.best.checkpoint is not None
    assert joined.jobs.lookup.usable("local", "nightly").id == good.id


def test_a_job_whose_monitored_value_is_never_a_number_does_not_succeed(joined: Base) -> None:
    labels = {"x": [[float(n), n % 3] for n in range(40)], "y": ["c" if n == 0 else "ab"[n % 2] for n in range(40)]}
    job = make_job(joined, data=labels, metrics=["f1"], monitor="val_f1", split={"type": "random", "validation": 8})

    with pytest.raises(NoBestEpoch, match="val_f1 was not a number in any epoch"):
        train(joined, job.id)

    assert joined.jobs.lookup.get("local", job.id).outcome.baseline is not None
