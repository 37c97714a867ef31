"""Joins what the look inside a model needs, once its job has ended."""

import time
from collections.abc import Callable

import numpy as np

from services.attempts import evaluations
from services.predictions.inspection import inspect
from services.settings import Settings
from services.training.input.split import split
from services.training.predictor import Predictor
from services.wiring.stored_files import dataset_storage
from services.wiring.trainer import Job

MOST_ROWS = 5_000_000  #: of a table: to find the validation rows of a larger one takes too long


def look_inside(settings: Settings, job: Job, is_asked_to_end: Callable[[], bool]) -> None:
    """Predict the validation rows of a job that has succeeded, and store what is found.

    It is done by the trainer after the job's end is recorded, and takes about `evaluation_s` at most.

    Raises: NotReady; StorageFull; DataUnreadable; DataChanged; NotFound; CheckpointCorrupt.
    """
    work, began = job.work, time.monotonic()
    small = work.spec.data.plugin is None and work.info.rows <= MOST_ROWS
    if not settings.evaluation_s or not small:
        return
    # As it is stored: a training that went on after an interruption may hold no copy of weights that were best before.
    weights = evaluations.best_weights(job.database, work.job_id)
    if weights is None:
        return
    table = dataset_storage(settings).open_table(work.dataset_sha256, work.info)
    validation = split(work.spec, work.info, table).validation
    if not np.any(validation):
        return

    def is_over() -> bool:
        return is_asked_to_end() or time.monotonic() - began > settings.evaluation_s

    predictor = Predictor.from_bytes(weights)
    found = inspect(predictor, work.info, table, validation, is_over)
    report = found.report | {"seconds": time.monotonic() - began}
    evaluations.store(job.database, work.job_id, work.attempt, report, found.columns)
