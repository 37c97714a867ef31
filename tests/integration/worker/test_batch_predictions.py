"""Batch predictions by a real worker on both databases: whatever is killed, the output is the same to the byte."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from services.batches.batch_views import BatchView
from services.faultpoint import passed
from services.nudges import Bell
from services.predictions.target import Target
from services.settings import Settings
from services.wiring.base import Base
from tests.batches import OWNER, numbers, predictions, queued, trained, upload
from tests.hold import Hold, until
from tests.integration.worker.workers import LONG, Worker, rang
from tests.make import make_job

ROWS = 3_000


def finished(joined: Base, bell: Bell, prediction_id: str, *, reaps: bool = False) -> BatchView:
    """Ring until a batch prediction is done, and return it."""

    until(lambda: rang(joined, bell, reaps=reaps) and joined.batches.predictions.get(OWNER, prediction_id).done, 120)
    return joined.batches.predictions.get(OWNER, prediction_id)


def output(joined: Base, view: BatchView) -> bytes:
    """Return the output of a batch prediction that succeeded, and see that nothing else is left of it."""
    assert view.status == "succeeded", view.error
    found, path = joined.batches.predictions.output(OWNER, view.id)
    assert (found.size_bytes, found.rows_done) == (path.stat().st_size, found.total_rows)
    until(lambda: [entry.name for entry in path.parent.iterdir()] == [path.name], 5)
    return path.read_bytes()


@pytest.fixture
def with_queue(with_queue: Settings) -> Settings:
    """Settings with a real queue, under which no batch prediction is given up."""
    return replace(with_queue, max_attempts_without_progress=50)


def test_the_output_has_the_numbers_of_small_predictions_in_both_formats(
    joined: Base, bell: Bell, start: Callable[[], Worker]
) -> None:
    start()
    job = trained(joined, data={"builtin": "iris"}, model="mlp", epochs=3)
    names = [column.name for column in joined.datasets.find(OWNER, job.data.id).info.columns][:4]
    header = ",".join(names)
    text = numbers(700, 4).split("\n", 1)[1]
    rows = upload(joined, f"{header}\n{text}", "flowers.csv")

    csv_view = finished(joined, bell, queued(joined, job, rows, piece_rows=100).id)
    parquet_view = finished(joined, bell, queued(joined, job, rows, piece_rows=100, format="parquet").id)

    asked = predictions(joined)
    _, predictor = asked.loaded(OWNER, Target(job=job.id))
    cells = np.array([[float(cell) for cell in line.split(",")] for line in text.split("\n")], dtype=np.float32)
    probabilities = predictor.probabilities(cells).numpy()
    lines = output(joined, csv_view).decode().splitlines()
    classes = predictor.preprocessing.classes or []
    assert lines[0].split(",") == ["prediction", *(f"p_{name}" for name in classes)]
    shown = np.array([[float(cell) for cell in line.split(",")[1:]] for line in lines[1:]])
    np.testing.assert_allclose(shown, probabilities, rtol=1e-5, atol=1e-7)
    assert [line.split(",")[0] for line in lines[1:]] == [classes[n] for n in shown.argmax(1)]
    path = joined.batches.predictions.output(OWNER, parquet_view.id)[1]
    table = pyarrow.parquet.read_table(path)
    assert table.schema.metadata[b"batchyard.weights_sha256"].decode() == predictor.weights_sha256
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == 7
    np.testing.assert_array_equal(
        np.column_stack([table[name].to_numpy() for name in table.column_names[1:]]), shown.astype(np.float32)
    )


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_whatever_is_killed_the_output_is_the_same_to_the_byte(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path, format: str
) -> None:
    job, rows = trained(joined), upload(joined, numbers(ROWS))
    worker = start()
    calm = output(joined, finished(joined, bell, queued(joined, job, rows, piece_rows=100, format=format).id))
    pieces = passed(points).count("prediction.piece")
    assert pieces == ROWS // 100

    wanted = queued(joined, job, rows, piece_rows=100, format=format)
    for n in (7, 16):  # a trainer dies between a piece's file and its record
        (points / "die").write_text(f"{pieces + n} prediction.piece")
        until(lambda n=n: rang(joined, bell) and passed(points).count("prediction.piece") >= pieces + n)
    (points / "die").write_text("2 prediction.assembled")  # and after the whole file, before its record
    until(lambda: rang(joined, bell) and passed(points).count("prediction.assembled") == 2)
    (points / "die").unlink()
    done = finished(joined, bell, wanted.id)

    assert done.attempt >= 4
    assert output(joined, done) == calm
    # No piece was made twice but those that were not recorded when their trainer died.
    assert passed(points).count("prediction.piece") == 2 * pieces + 2
    assert worker.process.poll() is None


def test_a_killed_worker_costs_no_recorded_piece_and_a_damaged_one_is_made_again(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    job, rows = trained(joined), upload(joined, numbers(ROWS))
    worker = start()
    calm = output(joined, finished(joined, bell, queued(joined, job, rows, piece_rows=50).id))
    hold = Hold(points, "prediction.piece", after=4)
    wanted = queued(joined, job, rows, piece_rows=50)
    hold.next(lambda: rang(joined, bell))
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    hold.end()
    half = joined.batches.predictions.get(OWNER, wanted.id)
    assert half.rows_done == 200
    third = next(joined.batches.predictions.files.path(wanted.id, "").glob("piece-0000002-*"))
    third.write_bytes(third.read_bytes()[:-1] + b"?")
    start()
    done = finished(joined, bell, wanted.id, reaps=True)

    assert half.status == "running"
    assert output(joined, done) == calm
    assert done.attempt >= 2


def test_a_cancelled_one_stops_and_a_drained_one_goes_on(
    joined: Base, bell: Bell, start: Callable[[], Worker], points: Path
) -> None:
    job, rows = trained(joined), upload(joined, numbers(2_000))
    worker = start()
    hold = Hold(points, "prediction.piece", after=20)
    cancelled = queued(joined, job, rows, piece_rows=10)

    hold.next(lambda: rang(joined, bell))
    joined.batches.predictions.cancel(OWNER, cancelled.id)
    hold.end(asked=True)
    until(lambda: joined.batches.predictions.get(OWNER, cancelled.id).done)
    drained = queued(joined, job, rows, piece_rows=10)
    hold = Hold(points, "prediction.piece", after=20)
    hold.next(lambda: rang(joined, bell))
    worker.process.send_signal(signal.SIGTERM)
    hold.end(asked=True)
    assert worker.process.wait(timeout=30) == 0
    put_back = joined.batches.predictions.get(OWNER, drained.id)
    start()
    done = finished(joined, bell, drained.id)

    assert joined.batches.predictions.get(OWNER, cancelled.id).status == "cancelled"
    assert (put_back.status, put_back.rows_done > 0) == ("queued", True)
    assert done.status == "succeeded"
    assert done.attempt > put_back.attempt


def test_a_long_one_lets_a_waiting_job_go_first_and_goes_on_after_it(
    joined: Base, bell: Bell, with_queue: Settings, tmp_path: Path, points: Path
) -> None:
    job, rows = trained(joined), upload(joined, numbers(2_000))
    worker = Worker(replace(with_queue, worker_slots=1, prediction_turn_s=0.5), tmp_path)
    try:
        until(lambda: worker.fork_server)
        hold = Hold(points, "prediction.piece")
        long = [queued(joined, job, rows, piece_rows=20) for _ in range(2)]  # one for each slot
        for _ in long:
            hold.next(lambda: rang(joined, bell))
        waiting = make_job(joined, **LONG | {"epochs": 1})

        hold.until_asked()
        hold.move("prediction.piece")  # who was asked yields there, another one gets no further
        until(lambda: rang(joined, bell) and joined.jobs.lookup.get(OWNER, waiting.id).done, 120)

        before = [joined.batches.predictions.get(OWNER, it.id) for it in long]
        assert not all(it.done for it in before)
        yielded = next(it for it in before if not it.done)
        hold.end()
        until(
            lambda: (
                rang(joined, bell) and joined.batches.predictions.get(OWNER, yielded.id).rows_done > yielded.rows_done
            ),
            120,
        )
    finally:
        worker.stop(signal.SIGKILL)
