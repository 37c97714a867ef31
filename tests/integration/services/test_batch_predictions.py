"""Batch predictions on both databases: claims, the fence, what they hold, and what is deleted with them."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from services.attempts.crash import Crash
from services.batches.batch_predictions import BatchPredictionService
from services.batches.batch_recorder import BatchRecorder
from services.batches.batch_views import Piece
from services.db.engine import now
from services.db.prediction_tables import BatchPrediction
from services.errors import InvalidTransition, JobAlreadyFinished, NotFound
from services.jobs.pruning import Pruning
from services.model_errors import OutputNotReady, PredictionInUse
from services.training_errors import Fenced
from services.wiring.base import Base
from tests.batches import OWNER, numbers, queued, trained, upload
from tests.hold import until
from worker import batch_predictor, outcome
from worker.trainer import Watch


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What a trainer looks at, with nobody at the other end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours:
        watch = Watch(theirs.detach())
        yield watch
        watch.channel.close()


def predict(joined: Base, watch: Watch, prediction_id: str) -> int:
    """Do the work of the next claim in this process."""
    claim = joined.batches.claims.claim("cpu", "test")
    assert claim is not None
    assert claim.job_id == prediction_id
    return batch_predictor.run(prediction_id, claim.attempt, joined.settings, watch)


def test_of_two_workers_only_one_claims_it_and_the_oldest_goes_first(joined: Base) -> None:
    job, rows = trained(joined), upload(joined, numbers(10))
    first, second = (queued(joined, job, rows, piece_rows=4) for _ in range(2))

    assert joined.eligible("cpu") == 2
    claims = [joined.batches.claims.claim("cpu", f"w{n}") for n in range(3)]

    assert [claim.job_id if claim else None for claim in claims] == [first.id, second.id, None]
    assert joined.eligible("cpu") == 0


def test_an_old_attempt_records_nothing(joined: Base) -> None:
    job, rows = trained(joined), upload(joined, numbers(10))
    view = queued(joined, job, rows, piece_rows=4)
    old = joined.batches.claims.claim("cpu", "silent")
    assert old is not None
    work = joined.batches.lifecycle.load(view.id, old.attempt)

    until(lambda: view.id in joined.batches.reaper.look())  # a read that is late forgets those before
    assert joined.batches.predictions.get(OWNER, view.id).status == "queued"
    with joined.database.transaction() as session:
        session.execute(update(BatchPrediction).values(not_before=BatchPrediction.created_at))
    new = joined.batches.claims.claim("cpu", "quick")

    assert new is not None
    assert new.attempt == old.attempt + 1
    with pytest.raises(Fenced):
        BatchRecorder(joined.database, work).piece(Piece(0, 4, "piece", 1, "0"), rows_done=4, seconds=0.1)
    assert joined.batches.lifecycle.beat(old, None) is None
    assert joined.batches.predictions.get(OWNER, view.id).rows_done == 0


def test_one_that_dies_without_progress_fails_after_some_tries(joined: Base) -> None:
    view = queued(joined, trained(joined), upload(joined, numbers(10)), piece_rows=4)

    for _ in range(joined.settings.max_attempts_without_progress):
        with joined.database.transaction() as session:
            session.execute(update(BatchPrediction).values(not_before=BatchPrediction.created_at))
        claim = joined.batches.claims.claim("cpu", "w")
        assert claim is not None
        joined.batches.lifecycle.crashed(claim, Crash("crashed", "The trainer was killed by SIGSEGV."))

    found = joined.batches.predictions.get(OWNER, view.id)
    assert found.status == "failed"
    assert found.error is not None
    assert found.error["code"] == "crashed"
    with pytest.raises(OutputNotReady):
        joined.batches.predictions.output(OWNER, view.id)


def test_what_an_unfinished_one_needs_is_not_deleted_nor_pruned(joined: Base, watch: Watch) -> None:
    job, rows = trained(joined), upload(joined, numbers(10))
    view = queued(joined, job, rows, piece_rows=4)
    pruning = Pruning(joined.database, joined.jobs.commands, replace(joined.settings, keep_jobs_count=1))
    trained(joined)

    assert pruning.prune() == 0
    with pytest.raises(PredictionInUse, match="batch prediction"):
        joined.jobs.commands.delete(OWNER, job.id)
    with pytest.raises(PredictionInUse):
        joined.datasets.delete(OWNER, rows)
    assert predict(joined, watch, view.id) == outcome.DONE

    assert pruning.prune() == 1
    joined.datasets.delete(OWNER, rows)
    assert joined.batches.predictions.output(OWNER, view.id)[1].read_bytes().count(b"\n") == 11


def test_an_output_goes_with_its_prediction(joined: Base, watch: Watch) -> None:
    view = queued(joined, trained(joined), upload(joined, numbers(10)), piece_rows=4)
    with pytest.raises(InvalidTransition):
        joined.batches.predictions.delete(OWNER, view.id)
    assert predict(joined, watch, view.id) == outcome.DONE
    path = joined.batches.predictions.output(OWNER, view.id)[1]

    with pytest.raises(JobAlreadyFinished):
        joined.batches.predictions.cancel(OWNER, view.id)
    with pytest.raises(NotFound):
        joined.batches.predictions.delete("somebody else", view.id)
    joined.batches.predictions.delete(OWNER, view.id)

    assert not path.parent.exists()
    with pytest.raises(NotFound):
        joined.batches.predictions.get(OWNER, view.id)


def test_a_trainer_whose_prediction_was_deleted_leaves_files_that_are_swept(joined: Base, watch: Watch) -> None:
    view = queued(joined, trained(joined), upload(joined, numbers(10)), piece_rows=4)
    claim = joined.batches.claims.claim("cpu", "w")
    assert claim is not None
    joined.batches.predictions.delete(OWNER, view.id, force=True)
    home = joined.batches.predictions.files.path(view.id, "")
    joined.batches.predictions.files.write(view.id, "piece-0000000-1", b"late")

    assert batch_predictor.run(view.id, claim.attempt, joined.settings, watch) == outcome.FENCED
    joined.batches.predictions.sweep()
    assert home.exists()  # it may be new
    os.utime(home, (0, 0))
    joined.batches.predictions.sweep()

    assert not home.exists()


def test_outputs_go_after_the_days_of_the_setting(joined: Base, watch: Watch) -> None:
    job, rows = trained(joined), upload(joined, numbers(10))
    old, young = (queued(joined, job, rows, piece_rows=4) for _ in range(2))
    for view in (old, young):
        assert predict(joined, watch, view.id) == outcome.DONE
    files, keys = joined.batches.predictions.files, joined.batches.predictions.keys
    settings = replace(joined.settings, keep_predictions_days=3)
    keeping = BatchPredictionService(joined.database, files, keys, settings, lambda: None)
    with joined.database.transaction() as session:
        long_ago = now(session) - timedelta(days=4)
        session.execute(update(BatchPrediction).where(BatchPrediction.id == old.id).values(finished_at=long_ago))

    assert joined.batches.predictions.prune() == 0  # the default keeps everything
    assert keeping.prune() == 1

    assert not files.path(old.id, "").exists()
    assert keeping.output(OWNER, young.id)[1].exists()
    with joined.database.reading() as session:
        assert list(session.scalars(select(BatchPrediction.id))) == [young.id]


def test_a_value_that_is_of_no_use_fails_it_and_names_row_and_column(joined: Base, watch: Watch) -> None:
    data = {"x": [[float(n % 7)] for n in range(40)], "y": [float(n) for n in range(40)]}
    job = trained(joined, data=data | {"columns": {"x0": {"type": "category", "unseen": "error"}}}, epochs=1)
    # So many distinct numbers that the data set does not count them: only the rows tell which there are.
    text = "\n".join(["x0", *(str(n % 7) for n in range(1_500)), *(str(n) for n in range(100, 1_300))])
    view = queued(joined, job, upload(joined, text), piece_rows=1_000)

    assert predict(joined, watch, view.id) == outcome.USER_FAULT

    found = joined.batches.predictions.get(OWNER, view.id)
    assert (found.status, found.rows_done) == ("failed", 1_000)
    assert found.error is not None
    assert "row 1500, column 'x0'" in found.error["message"]
