"""Joins what the trainer of one claimed job needs: its work, its data, the training and the recorder."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from services.adjustments import Adjustment
from services.attempts.crash import Crash
from services.attempts.lifecycle import Lifecycle
from services.attempts.recorder import RETRY_S, Recorder
from services.attempts.work import Work
from services.datasets.shared_storage import AnyStorage
from services.db.engine import Database
from services.errors import NotReady
from services.queue.claims import Claim
from services.settings import Settings
from services.specs.resolve.memory import LEAST_MEASURED
from services.specs.schema.job import JobSpec
from services.training.build import build
from services.training.input.plugin_data import Opened, reopened
from services.training.loop.rank_group import RankGroup
from services.training.loop.training import Training
from services.training_errors import TrainingFault
from services.wiring.stored_files import dataset_storage


@dataclass(frozen=True)
class Job:
    """A claimed job, ready to train."""

    database: Database
    work: Work
    training: Training
    recorder: Recorder


@dataclass(frozen=True)
class Claimed:
    """A claimed job whose row has been read: nothing of its data is open, and no thread was started."""

    database: Database
    work: Work

    @property
    def spec(self) -> JobSpec:
        """What the job asks for."""
        return self.work.spec


def job(
    settings: Settings, job_id: str, attempt: int, stop_requested: Callable[[], str | None], waiting: Callable[[], None]
) -> Job:
    """Load a claimed job and join its parts. `waiting` is called each time that the database is waited for.

    Raises: Fenced; DataUnreadable; DataChanged; ShapeMismatch; PluginError.
    """
    return joined(settings, claimed(settings, job_id, attempt, waiting), stop_requested, waiting)


def claimed(settings: Settings, job_id: str, attempt: int, waiting: Callable[[], None]) -> Claimed:
    """Read a claimed job's row. `waiting` is called each time that the database is waited for.

    Raises: Fenced; DataUnreadable.
    """
    database = Database(settings, pool_size=1)
    return Claimed(database, _loaded(Lifecycle(database, settings), job_id, attempt, waiting))


def joined(
    settings: Settings,
    claimed: Claimed,
    stop_requested: Callable[[], str | None],
    waiting: Callable[[], None],
    group: RankGroup | None = None,
) -> Job:
    """Open a claimed job's data and join its parts; `group` are the processes that train it, if there are several.

    Raises: DataUnreadable; DataChanged; ShapeMismatch; PluginError.
    """
    work = claimed.work
    source = _source(dataset_storage(settings, waiting), work)
    training = _built(work, source, work.last, stop_requested, group)
    training.adjustments += _adjustments(work)
    return Job(claimed.database, work, training, Recorder(claimed.database, settings, work, training, waiting=waiting))


def follower(settings: Settings, work: Work, group: RankGroup) -> Training:
    """Return the training of which a further process computes its part. It has no database.

    Raises: DataUnreadable; DataChanged; ShapeMismatch; PluginError.
    """
    source = _source(dataset_storage(settings, lambda: None), work)
    return _built(work, source, work.last, lambda: None, group)


def gone_back(settings: Settings, job: Job, stop_requested: Callable[[], str | None], why: str) -> Job:
    """Return a job whose training is where it was marked last, with a smaller step size; its recorder goes on."""
    source = _source(dataset_storage(settings, job.recorder.waiting), job.work)
    training = _built(job.work, source, job.training.marked, stop_requested, job.training.group)
    training.slow_down(why)
    job.recorder.contents = training
    return replace(job, training=training)


def _built(
    work: Work,
    source: np.ndarray | Opened,
    last: bytes | None,
    stop_requested: Callable[[], str | None],
    group: RankGroup | None,
) -> Training:
    return build(
        _fitting(work), work.info, source, last=last, init=work.init, stop_requested=stop_requested, group=group
    )


def _loaded(lifecycle: Lifecycle, job_id: str, attempt: int, waiting: Callable[[], None]) -> Work:
    """Return the work, when the database is there: that it was away is not the job's fault."""
    while True:
        try:
            return lifecycle.load(job_id, attempt)
        except NotReady:
            waiting()
            time.sleep(RETRY_S)


def _fitting(work: Work) -> JobSpec:
    """Return the spec, with fewer rows at a time if the job ran out of memory before."""
    rows = work.micro_batch_size
    if rows is None:
        return work.spec
    validation = work.spec.validation.model_copy(
        update={"batch_size": min(max(rows, LEAST_MEASURED), work.spec.validation.rows)}
    )
    return work.spec.model_copy(update={"micro_batch_size": rows, "validation": validation})


def _adjustments(work: Work) -> list[Adjustment]:
    """Return what an attempt does otherwise because of how earlier ones ended."""
    found = []
    rows, measured = work.spec.validation.rows, _fitting(work).validation.rows
    if measured != rows:
        why = "The job ran out of memory before: fewer rows are measured at a time, with the same result."
        found.append(Adjustment("validation.batch_size", rows, measured, why))
    if work.last_epoch < work.epochs_done:
        why = "The newest checkpoint is damaged: training continues from the one before, over the same batches."
        found.append(Adjustment("checkpoint", work.epochs_done, work.last_epoch, why))
    return found


def _source(storage: AnyStorage, work: Work) -> np.ndarray | Opened:
    if work.spec.data.plugin is not None:
        return reopened(work.spec.data.plugin, work.info, work.dataset_sha256)
    return storage.open_table(work.dataset_sha256, work.info)


def fail(settings: Settings, job_id: str, attempt: int, recorder: Recorder | None, fault: TrainingFault) -> None:
    """Record a fault: with the epochs before it, or of a job whose data could not even be opened.

    Raises: Fenced.
    """
    if recorder is not None:
        recorder.fail(fault)
        return
    Lifecycle(Database(settings, pool_size=1), settings).crashed(
        Claim(job_id, attempt), Crash(fault.code, fault.detail, fault.members.get("hint")), final=True
    )
