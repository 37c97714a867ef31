"""Joins what the trainer of one claimed batch prediction needs: the model, the rows, the files and the recorder."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.batches.batch_lifecycle import BatchLifecycle
from services.batches.batch_recorder import RETRY_S, BatchRecorder
from services.batches.batch_views import BatchWork
from services.batches.shared_outputs import AnyOutputs
from services.db.engine import Database
from services.disk import Disk
from services.errors import InvalidRequest, NotReady
from services.predictions.batch_run import BatchRun, on_one_thread
from services.predictions.table_cells import TableCells
from services.queue.claims import Claim
from services.settings import Settings
from services.training.predictor import Predictor
from services.training_errors import ShapeMismatch
from services.wiring.stored_files import dataset_storage, output_files


@dataclass(frozen=True)
class Batch:
    """A claimed batch prediction, ready to go on."""

    work: BatchWork
    run: BatchRun
    files: AnyOutputs
    recorder: BatchRecorder
    disk: Disk


def loaded(database: Database, settings: Settings, claim: Claim, waiting: Callable[[], None]) -> BatchWork:
    """Return the work of a claim when the database is there: that it was away is no fault of the prediction.

    Raises: Fenced; WeightsUnreadable; DataUnreadable.
    """
    while True:
        try:
            return BatchLifecycle(database, settings).load(claim.job_id, claim.attempt)
        except NotReady:
            waiting()
            time.sleep(RETRY_S)


def batch(
    settings: Settings,
    database: Database,
    work: BatchWork,
    stop_requested: Callable[[], str | None],
    waiting: Callable[[], None],
) -> Batch:
    """Join the parts of a batch prediction. `waiting` is called each time the database is waited for.

    Raises: CheckpointCorrupt; DataUnreadable; DataChanged; ShapeMismatch.
    """
    on_one_thread()
    table = dataset_storage(settings, waiting).open_table(work.dataset_sha256, work.info)
    predictor = Predictor.from_bytes(work.weights)
    try:
        cells = TableCells.of(work.info, predictor.preprocessing)
    except InvalidRequest as error:
        raise ShapeMismatch(error.detail) from error
    run = BatchRun(predictor, table, cells, work.format, work.receipt, stop_requested)
    recorder = BatchRecorder(database, work, waiting)
    return Batch(work, run, output_files(settings, waiting), recorder, Disk(settings))
