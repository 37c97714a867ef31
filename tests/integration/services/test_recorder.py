"""What a trainer writes is whole, fenced and written once, on both databases."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.adjustments import Adjustment
from services.attempts.lifecycle import Lifecycle
from services.attempts.recorder import Recorder
from services.attempts.work import Work
from services.costs import EpochCosts
from services.db.engine import Database
from services.db.tables import Checkpoint, CheckpointChunk, Epoch, Event, Job
from services.errors import CheckpointCorrupt, NotReady
from services.settings import Settings
from services.states import StopReason
from services.training.loop.best import Best
from services.training_errors import Fenced, NonfiniteCost
from services.wiring import trainer
from services.wiring.base import Base
from tests.make import make_job


class Contents:
    """A training whose state is a few bytes that say when they were taken."""

    def __init__(self, size: int = 1) -> None:
        self.best = Best("val_cost", "min")
        self.steps_done = 0
        self.steps_per_epoch = 3
        self.lr = 0.1
        self.baseline: dict[str, Any] | None = None
        self.warnings: list[dict[str, Any]] = []
        self.adjustments: list[Adjustment] = []
        self.size = size
        self.kept = b""

    def keep_best(self) -> None:
        self.kept = b"best%d" % self.steps_done * self.size

    def weights(self, epoch: int, value: float | None) -> Callable[[], bytes]:
        taken = self.kept if epoch == self.best.epoch else b"some%d" % self.steps_done * self.size
        return lambda: taken

    def last_bytes(self) -> bytes:
        return b"last%d" % self.steps_done * self.size

    def measure_test(self) -> dict[str, Any] | None:
        return {"epoch": 1, "test_cost": 0.5, "test_mape": float("nan")}


def costs(epoch: int, value: float = 1.0) -> EpochCosts:
    """An epoch of three batches."""
    return EpochCosts(epoch, epoch * 3, value, value, 0.1, 0.5, 100.0, {"val_mae": value}, b"\0\0\x80?" * 3)


def begin(joined: Base, **job: Any) -> Work:
    """Submit and claim a job and return its work."""
    made = make_job(joined, **job)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    assert claim.job_id == made.id
    return joined.attempts.lifecycle.load(claim.job_id, claim.attempt)


def feed(recorder: Recorder, contents: Contents, epochs: range, value: float | None = None) -> None:
    """Hand epochs over as a trainer does."""
    for epoch in epochs:
        contents.steps_done = epoch * 3
        one = costs(epoch, 10.0 - epoch if value is None else value)
        recorder.epoch(one, improved=contents.best.improved(one))


def rows(database: Database, table: Any) -> int:
    """How many rows a table has."""
    with database.reading() as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


def test_the_first_epoch_is_shown_at_once_and_the_others_when_a_flush_is_due(joined: Base) -> None:
    work, contents, time = begin(joined), Contents(), [0.0]
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: time[0])

    feed(recorder, contents, range(1, 5))
    shown_at_once = len(joined.jobs.lookup.epochs("local", work.job_id))
    time[0] = 1.0
    feed(recorder, contents, range(5, 6))

    assert shown_at_once == 1
    assert [epoch.epoch for epoch in joined.jobs.lookup.epochs("local", work.job_id)] == [1, 2, 3, 4, 5]


def test_epochs_done_is_always_the_epoch_of_the_last_checkpoint(joined: Base) -> None:
    work, contents = begin(joined), Contents()
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: 0.0)

    feed(recorder, contents, range(1, 4))
    recorder.interrupted()

    job = joined.jobs.lookup.get("local", work.job_id)
    last = joined.jobs.lookup.checkpoint("local", work.job_id, "last")
    best = joined.jobs.lookup.checkpoint("local", work.job_id, "best")
    assert job.training.epochs_done == last.epoch == 3
    assert joined.jobs.lookup.content(last) == b"last9"
    assert (best.epoch, joined.jobs.lookup.content(best)) == (3, b"best9")
    assert joined.attempts.lifecycle.load(work.job_id, work.attempt).last == b"last9"


def test_an_old_attempt_writes_nothing(joined: Base) -> None:
    work, contents = begin(joined), Contents()
    recorder = Recorder(joined.database, joined.settings, work, contents)
    with joined.database.transaction() as session:
        session.get_one(Job, work.job_id).attempt += 1

    for write in (
        lambda: feed(recorder, contents, range(1, 2)),
        recorder.interrupted,
        lambda: recorder.succeed(StopReason.COMPLETED),
        lambda: recorder.started({}),
    ):
        with pytest.raises(Fenced):
            write()

    assert rows(joined.database, Epoch) == rows(joined.database, Checkpoint) == 0


def test_the_end_comes_with_the_last_epochs_and_is_the_last_event(joined: Base) -> None:
    work, contents = begin(joined), Contents()
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: 0.0)
    feed(recorder, contents, range(1, 4))

    recorder.succeed(StopReason.EARLY_STOPPING)

    job = joined.jobs.lookup.get("local", work.job_id)
    events = joined.jobs.lookup.events("local", work.job_id)
    assert (job.status, job.outcome.stop_reason, job.training.epochs_done) == ("succeeded", "early_stopping", 3)
    assert [event.type for event in events] == ["queued", "started", "epoch", "epoch", "epoch", "end"]
    assert [event.seq for event in events] == list(range(1, job.events_seq + 1))
    with pytest.raises(Fenced):
        recorder.interrupted()


def test_a_fault_keeps_the_epochs_and_the_best_before_it(joined: Base) -> None:
    work, contents = begin(joined), Contents()
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: 0.0)
    feed(recorder, contents, range(1, 4))

    recorder.fail(NonfiniteCost("The training cost became NaN in epoch 4, step 10.", epoch=4, step=10))

    job = joined.jobs.lookup.get("local", work.job_id)
    assert (job.status, job.training.epochs_done, job.training.best.epoch) == ("failed", 3, 3)
    assert job.outcome.error is not None
    assert (job.outcome.error["code"], job.outcome.error["epoch"]) == ("nonfinite_cost", 4)
    assert joined.jobs.lookup.content(joined.jobs.lookup.checkpoint("local", work.job_id, "best")) == b"best9"


def test_a_cost_that_is_not_finite_is_null(joined: Base) -> None:
    work, contents = begin(joined), Contents()
    recorder = Recorder(joined.database, joined.settings, work, contents)

    feed(recorder, contents, range(1, 2), value=math.nan)

    assert joined.jobs.lookup.epochs("local", work.job_id)[0].val_cost is None
    assert joined.jobs.lookup.get("local", work.job_id).training.best.epoch is None


def test_two_last_checkpoints_and_the_best_are_kept(joined: Base) -> None:
    work, contents, time = begin(joined), Contents(), [0.0]
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: time[0])

    for epoch in range(1, 6):
        time[0] += 100
        feed(recorder, contents, range(epoch, epoch + 1))

    with joined.database.reading() as session:
        kept = session.execute(select(Checkpoint.kind, Checkpoint.epoch).order_by(Checkpoint.kind, Checkpoint.epoch))
        assert [tuple(row) for row in kept] == [("best", 5), ("last", 4), ("last", 5)]


def test_a_large_checkpoint_is_stored_in_pieces_and_found_whole(joined: Base) -> None:
    settings = replace(joined.settings, chunk_bytes=1_000)
    work, contents = begin(joined), Contents(size=700)
    recorder = Recorder(joined.database, settings, work, contents)

    feed(recorder, contents, range(1, 2))

    last = joined.jobs.lookup.checkpoint("local", work.job_id, "last")
    assert joined.jobs.lookup.content(last) == contents.last_bytes()
    assert rows(joined.database, CheckpointChunk) == 2 * -(-len(contents.last_bytes()) // 1_000)


def test_a_flipped_byte_is_noticed_and_the_state_before_it_is_taken(joined: Base) -> None:
    work, contents, time = begin(joined), Contents(), [0.0]
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: time[0])
    for epoch in (1, 2):
        time[0] += 100
        feed(recorder, contents, range(epoch, epoch + 1))
    last = joined.jobs.lookup.checkpoint("local", work.job_id, "last")
    with joined.database.transaction() as session:
        session.get_one(CheckpointChunk, (last.id, 0)).data = b"lost!"

    with pytest.raises(CheckpointCorrupt):
        joined.jobs.lookup.content(last)
    found = joined.attempts.lifecycle.load(work.job_id, work.attempt)

    assert (found.last, found.last_epoch, found.epochs_done) == (b"last3", 1, 2)


class Flaky(Database):
    """A database whose connection is lost at COMMIT: before it happened, or right after."""

    def __init__(self, settings: Settings, lost: list[str]) -> None:
        super().__init__(settings)
        self.lost = lost

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Session]:
        fate = self.lost.pop(0) if self.lost else "fine"
        if fate == "before":
            raise NotReady
        with super().transaction(durable=durable) as session:
            yield session
        if fate == "after":
            raise NotReady


@pytest.mark.parametrize("lost", [["before"], ["after"], ["before", "before", "after", "before"]])
def test_a_commit_of_unknown_end_is_written_once(joined: Base, lost: list[str]) -> None:
    work, contents = begin(joined), Contents()
    database = Flaky(joined.settings, list(lost))
    recorder = Recorder(database, joined.settings, work, contents, sleep=lambda _: None, clock=lambda: 0.0)

    feed(recorder, contents, range(1, 4))
    database.lost = list(lost)
    recorder.succeed(StopReason.COMPLETED)
    database.close()

    job = joined.jobs.lookup.get("local", work.job_id)
    assert (job.status, job.training.epochs_done) == ("succeeded", 3)
    assert rows(joined.database, Epoch) == 3
    assert rows(joined.database, Event) == job.events_seq


def test_a_trainer_that_starts_while_the_database_is_away_waits_for_it(
    joined: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    waits: list[None] = []
    whole = Lifecycle.load

    def load(running: Lifecycle, job_id: str, attempt: int) -> Any:
        if len(waits) < 2:
            raise NotReady
        return whole(running, job_id, attempt)

    monkeypatch.setattr(Lifecycle, "load", load)
    monkeypatch.setattr(trainer, "RETRY_S", 0.0)

    begun = trainer.job(joined.settings, claim.job_id, claim.attempt, lambda: None, lambda: waits.append(None))

    assert (begun.work.job_id, len(waits)) == (claim.job_id, 2)
    begun.database.close()


def test_a_checkpoint_that_lost_its_bytes_is_not_said_to_be_replaced(joined: Base) -> None:
    work, contents = begin(joined), Contents()
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: 100.0)
    feed(recorder, contents, range(1, 2))
    last = joined.jobs.lookup.checkpoint("local", work.job_id, "last")
    with joined.database.transaction() as session:
        session.execute(delete(CheckpointChunk).where(CheckpointChunk.checkpoint_id == last.id))

    with pytest.raises(CheckpointCorrupt):
        joined.jobs.lookup.content(last)
