"""Joins what the trainer of one claimed batch prediction needs: the model, the rows, the files and the recorder."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.batches import batch_recorder
from services.batches.batch_lifecycle import BatchLifecycle
from services.batches.batch_recorder import RETRY_S, BatchRecorder
from services.batches.batch_views import BatchWork
from services.batches.output_files import OutputFiles
from services.datasets.storage import Storage
from services.db.engine import Database
from services.disk import Disk
from services.errors import InvalidRequest, NotReady
from services.predictions.batch_run import BatchRun, on_one_thread
from services.predictions.table_cells import TableCells
from services.settings import Settings
from services.training.predictor import Predictor
from services.training_errors import ShapeMismatch, TrainingFault


@dataclass(frozen=True)
class Batch:
    """A claimed batch prediction, ready to go on."""

    work: BatchWork
    run: BatchRun
    files: OutputFiles
    recorder: BatchRecorder
    disk: Disk


def batch(
    settings: Settings, prediction_id: str, attempt: int, wish: Callable[[], str | None], waiting: Callable[[], None]
) -> Batch:
    """Load a claimed batch prediction and join its parts. `waiting` is called each time the database is waited for.

    Raises: Fenced; WeightsUnreadable; DataUnreadable; DataChanged; ShapeMismatch.
    """
    database = Database(settings, pool_size=1)
    work = _loaded(BatchLifecycle(database, settings), prediction_id, attempt, waiting)
    table = Storage(settings.storage).open_table(work.dataset_sha256, work.info)
    predictor = Predictor.from_bytes(work.weights)
    try:
        cells = TableCells.of(work.info, predictor.preprocessing)
    except InvalidRequest as error:
        raise ShapeMismatch(error.detail) from error
    on_one_thread()
    run = BatchRun(predictor, table, cells, work.format, work.receipt, wish)
    recorder = BatchRecorder(database, work, waiting)
    return Batch(work, run, OutputFiles(settings.storage), recorder, Disk(settings))


def fail(settings: Settings, prediction_id: str, attempt: int, fault: TrainingFault) -> None:
    """Record a fault of a batch prediction.

    Raises: Fenced.
    """
    batch_recorder.fail(Database(settings, pool_size=1), prediction_id, attempt, fault)


def _loaded(lifecycle: BatchLifecycle, prediction_id: str, attempt: int, waiting: Callable[[], None]) -> BatchWork:
    """Return the work, when the database is there: that it was away is no fault of the prediction."""
    while True:
        try:
            return lifecycle.load(prediction_id, attempt)
        except NotReady:
            waiting()
            time.sleep(RETRY_S)
