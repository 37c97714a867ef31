"""Which epochs' weights are kept, as the recorder stores them."""

from typing import Any

import pytest
from sqlalchemy import select

from services.attempts.recorder import Recorder
from services.db.tables import Checkpoint
from services.states import StopReason
from services.wiring.base import Base
from tests.integration.services.test_recorder import Contents, begin, costs

VALUES = [9.0, 4.0, 7.0, 2.0, 8.0, 3.0, 6.0, 2.0, 5.0, 10.0]  # of epochs 1 to 10; the lowest are 4, 8 and 6


def record(joined: Base, kept: dict[str, Any], *, between: float = 0.0, again_after: int | None = None) -> str:
    """Record ten epochs, so many seconds apart; after one of them begin again with what is stored. Return the job."""
    work, time = begin(joined, checkpoint=kept, epochs=10), [0.0]
    contents = Contents()
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: time[0])
    for epoch, value in enumerate(VALUES, 1):
        time[0] += between
        contents.steps_done = epoch * 3
        one = costs(epoch, value)
        recorder.epoch(one, improved=contents.best.improved(one))
        if epoch == again_after:
            recorder.interrupted()
            work = joined.attempts.lifecycle.load(work.job_id, work.attempt)
            recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: time[0])
    recorder.succeed(StopReason.COMPLETED)
    return work.job_id


@pytest.mark.parametrize("between", [0.0, 100.0], ids=["one flush", "a flush an epoch"])
@pytest.mark.parametrize("again_after", [None, 5], ids=["through", "interrupted"])
def test_the_best_epochs_are_kept_and_the_last(joined: Base, between: float, again_after: int | None) -> None:
    job = record(joined, {"keep_best": 3}, between=between, again_after=again_after)

    with joined.database.reading() as session:
        best = session.scalars(select(Checkpoint.epoch).where(Checkpoint.kind == "best").order_by(Checkpoint.epoch))
        assert list(best) == [4, 6, 8]
    assert [found.epoch for found in joined.jobs.lookup.checkpoints("local", job)] == [4, 6, 8, 10]
    assert joined.jobs.lookup.get("local", job).training.best.epoch == 4
    assert joined.jobs.lookup.checkpoint("local", job, "epoch:6").metrics["val_cost"] == 3.0


def test_one_checkpoint_every_so_many_epochs_is_kept_and_the_last_ones(joined: Base) -> None:
    job = record(joined, {"every_epochs": 4, "keep_last": 2}, between=100.0)

    assert [found.epoch for found in joined.jobs.lookup.checkpoints("local", job)] == [4, 8, 9, 10]
