"""The one statement finds what the longer look at jobs, models and checkpoints finds, on both databases."""

import pytest

from services.attempts.checkpoints import CheckpointView
from services.db.engine import now
from services.db.model_tables import ModelAlias
from services.jobs import chosen
from services.jobs.chosen import Chosen
from services.jobs.job_views import JobView
from services.models.registry import ModelService
from services.wiring.base import Base
from tests.make import make_job, train


@pytest.fixture
def job(joined: Base) -> JobView:
    """A job with a best checkpoint, two epochs that it was asked to keep, and a last."""
    return train(joined, make_job(joined, name="prices", epochs=4, checkpoint={"every_epochs": 2}).id)


def told(job: JobView, checkpoint: CheckpointView, version: int | None = None) -> Chosen:
    """Return what the longer look says."""
    return Chosen(checkpoint, job.name, job.status, job.spec["monitor"]["metric"], version)


@pytest.mark.parametrize("selector", ["best", "last"])
def test_of_a_job(joined: Base, job: JobView, selector: str) -> None:
    with joined.database.reading() as session:
        found = chosen.of_job(session, "local", job.id, selector)
        assert chosen.of_job(session, "somebody", job.id, selector) is None
        assert chosen.of_job(session, "local", "prices", selector) is None  # names take a choice

    assert found == told(job, joined.lookup.checkpoint("local", job.id, selector))


def test_of_a_job_without_a_checkpoint(joined: Base) -> None:
    waiting = make_job(joined)
    with joined.database.reading() as session:
        assert chosen.of_job(session, "local", waiting.id, "best") is None


def test_of_a_model(joined: Base, job: JobView) -> None:
    models = ModelService(joined.database, joined.lookup, lambda content: "digest")
    kept = [joined.lookup.checkpoint("local", job.id, name) for name in ("best", "epoch:2", "epoch:4")]
    for name in ("best", "epoch:2", "epoch:4"):
        models.register("local", "house", job.id, name)
    with joined.database.transaction() as session:
        session.add(
            ModelAlias(owner="local", name="house", alias="champion", version=2, revision=1, updated_at=now(session))
        )

    with joined.database.reading() as session:
        newest = chosen.of_model(session, "local", "house", None, None)
        numbered = chosen.of_model(session, "local", "house", None, 1)
        named = chosen.of_model(session, "local", "house", "champion", None)
        others = [
            chosen.of_model(session, "somebody", "house", None, None),
            chosen.of_model(session, "local", "house", "challenger", None),
            chosen.of_model(session, "local", "house", None, 4),
            chosen.of_model(session, "local", "barn", None, None),
        ]

    assert (numbered, named, newest) == tuple(told(job, it, n) for n, it in enumerate(kept, 1))
    assert others == [None] * 4
