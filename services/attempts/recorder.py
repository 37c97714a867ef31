"""What a trainer writes of its job: epochs and checkpoints, flushed together, and how it ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.adjustments import with_new
from services.attempts import checkpoint_uploads, checkpoints, epochs
from services.attempts.checkpoint_objects import CheckpointObjects, Gone
from services.attempts.checkpoint_retention import CheckpointRetention, Copy
from services.attempts.checkpoints import STATE, Draft
from services.attempts.contents import Contents
from services.attempts.epochs import finite, metrics_of
from services.attempts.verdict import DIVERGED, result_warnings
from services.attempts.work import Work
from services.costs import EpochCosts
from services.db import changes, job_rows
from services.db.engine import Database, now
from services.db.tables import Job
from services.disk import Disk
from services.errors import NotReady, StorageFull
from services.outage import Outage
from services.queue.time_slice import level
from services.settings import Settings
from services.states import JobState, StopReason
from services.training_errors import Fenced, NoBestEpoch, TrainingFault

FLUSH_SHARE = 20  #: a flush may take one part in so many of the time
ASKED = (Job.owner, Job.name, Job.events_seq, Job.best_checkpoint, Job.last_checkpoint)
RETRY_S = 0.5  #: pause before a flush is tried again while the database is away


@dataclass(frozen=True)
class _End:
    state: JobState
    stop_reason: StopReason
    error: dict[str, Any] | None = None
    test: dict[str, Any] | None = None


class Recorder:
    """Keeps epochs until the next flush. Each flush is one transaction, and `epochs_done` is the epoch of `last`."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        work: Work,
        contents: Contents,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        waiting: Callable[[], None] = lambda: None,
        disk: Disk | None = None,
    ) -> None:
        self.database = database
        self.settings = settings
        self.work = work
        self.contents = contents
        self.clock = clock
        self.sleep = sleep
        self.waiting = waiting  #: called before each pause, so that whoever watches knows that this one lives
        self.disk = disk or Disk(settings)
        self.large = CheckpointObjects.of(settings)
        self.replaced: list[Gone] = []  #: by the last flush
        self.outage = Outage("recording epochs")
        self.recorded = work.epochs_done
        self.began = clock()
        self.pending: list[tuple[EpochCosts, bool]] = []
        self.keeping = CheckpointRetention(work.spec.checkpoint, work.spec.monitor.mode, work.kept, work.epochs_done)
        self.last_metrics: dict[str, Any] = {}
        self.flush_due = 0.0  # the first epoch of an attempt is shown at once

    def started(self, environment: dict[str, Any]) -> None:
        """Note what the job runs under, what it has to beat and what of its data makes a result worth less.

        Raises: Fenced.
        """

        def write(session: Session) -> None:
            columns = {"environment": environment, "baseline": self.contents.baseline}
            columns |= self._warned(session, self.contents.warnings) | self._adjusted(session, self.recorded)
            known = session.scalar(select(Job.model_summary).where(Job.id == self.work.job_id)) or {}
            # What was expected at the submit, where a split by hash shares out values that were not counted.
            columns["model_summary"] = known | {"steps_per_epoch": self.contents.steps_per_epoch}
            self._one(session, update(Job).where(*self._owned()).values(**columns))

        self._until_written(write, landed=lambda job: job.environment == environment, durable=False)

    def epoch(self, costs: EpochCosts, *, improved: bool) -> None:
        """Take in an epoch, and flush when it is time.

        Raises: Fenced when another attempt owns the job.
        """
        self.last_metrics = metrics_of(costs)
        if improved:
            self.contents.keep_best()
        value = finite(costs.value(self.work.spec.monitor.metric))
        if self.keeping.wants(costs.epoch, value):
            weights = self.contents.weights(costs.epoch, value)
            self.keeping.copies[costs.epoch] = Copy(costs.epoch, costs.steps, self.last_metrics, weights)
        if costs.epoch > self.recorded:  # else it was shown before a damaged checkpoint made us go back
            self.pending.append((costs, improved))
        if self.clock() >= self.flush_due and self.pending:
            self._flush()

    def interrupted(self) -> None:
        """Store the moment between two batches at which the training stopped.

        Raises: Fenced.
        """
        self._flush()

    def rolled_back(self, fault: TrainingFault) -> None:
        """Store where the training went back to, with the smaller step size that it goes on with, and say so.

        Raises: Fenced.
        """
        self._flush(note=f"{fault.detail} Back to the previous epoch; continuing with lr {self.contents.lr:g}.")

    def succeed(self, reason: StopReason) -> None:
        """Measure the test rows, flush, and finish the job in the same transaction, with what its result is worth.

        Raises: NoBestEpoch when every epoch was trained and none is the best; Fenced; StopRequested.
        """
        if self.contents.best.epoch is None and reason is not StopReason.MAX_TIME:
            metric = self.work.spec.monitor.metric
            detail = f"{metric} was not a number in any epoch, so there is no best epoch and nothing to predict with."
            raise NoBestEpoch(detail, pointer="#/monitor/metric", retryable=False)
        measured = self.contents.measure_test()
        test = None if measured is None else {name: finite(value) for name, value in measured.items()}
        self._flush(_End(JobState.SUCCEEDED, reason, test=test))

    def fail(self, fault: TrainingFault) -> None:
        """Record the epochs before a fault and fail the job; its best so far stays.

        Raises: Fenced.
        """
        error = {"code": fault.code, "message": fault.detail, **fault.members}
        self._flush(_End(JobState.FAILED, StopReason.ERROR, error))

    def _flush(self, end: _End | None = None, note: str | None = None) -> None:
        while self.disk.is_full:
            self._wait(self.disk.sentence)
        began = self.clock()
        to = max([self.recorded, *(costs.epoch for costs, _ in self.pending)])
        drafts = self.keeping.drafts()
        if end is None or end.error is None:  # after a fault the weights are those that failed
            last = self.contents.last_bytes()
            drafts.append(Draft.of(STATE, to, self.contents.steps_done, self.last_metrics, last))
        drafts = [self._uploaded(draft) if self._is_large(draft) else draft for draft in drafts]
        self._until_written(
            lambda session: self._write(session, to, drafts, end, note),
            landed=lambda job: job.epochs_done == to and (job.state == end.state if end else _has(job, drafts)),
        )
        if self.large:
            self.large.remove(self.replaced)
        self.keeping.stored(drafts)
        self.recorded, self.pending = to, []
        took = self.clock() - began
        self.flush_due = self.clock() + max(self.settings.flush_interval_s, FLUSH_SHARE * took)

    def _write(self, session: Session, to: int, drafts: list[Draft], end: _End | None, note: str | None) -> None:
        columns: dict[str, Any] = {"epochs_done": to, "attempts_without_progress": 0}
        columns["trained_s"] = trained_s = self.work.trained_s + self.clock() - self.began
        columns["level"] = level(trained_s, self.settings.short_job_s)
        kept, best = self.keeping.ids_with(drafts), self.contents.best
        if best.epoch in kept:
            columns |= {"best_checkpoint": kept[best.epoch], "best_epoch": best.epoch, "best_value": best.value}
        if drafts and drafts[-1].kind == STATE:
            columns["last_checkpoint"] = drafts[-1].id
        columns |= self._adjusted(session, to) if note else {}
        if end:
            columns |= {
                "state": end.state,
                "stop_reason": end.stop_reason,
                "error": end.error,
                "test": end.test,
                "progress": None,
            }
            columns |= {"finished_at": now(session)}
            if end.error is None:
                verdict = result_warnings(self.work.spec, self.contents, self.last_metrics)
                columns["diverged"] = any(warning["code"] == DIVERGED for warning in verdict)
                columns |= self._warned(session, verdict)
        columns["events_seq"] = Job.events_seq + len(self.pending)
        moved = update(Job).where(*self._owned(), Job.epochs_done == self.recorded).values(**columns)
        job = self._one(session, moved)
        for draft in drafts:
            if self._is_object(draft):
                checkpoints.make_ready(session, draft.id)
                continue
            large = self._is_large(draft)
            checkpoints.store(session, draft, self.work.job_id, self.work.attempt, uploaded=large)
        if self.pending:
            epochs.store(session, self.work, self.pending, job.events_seq)
        own = [job.best_checkpoint, job.last_checkpoint, *kept.values()]
        self.replaced = checkpoints.prune(session, self.work.job_id, own)
        changes.note(session, job.owner, job.name)
        if note:
            job_rows.add_event(session, self.work.job_id, "rolled_back", note, {"epoch": to, "lr": self.contents.lr})
        if end:
            job_rows.finish(session, self.work.job_id, end.state, end.stop_reason)

    def _warned(self, session: Session, warnings: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the job's warnings with these beside those that it has, as a column."""
        if not warnings:
            return {}
        known = session.scalar(select(Job.warnings).where(Job.id == self.work.job_id)) or []
        codes = {warning["code"] for warning in warnings}
        return {"warnings": [warning for warning in known if warning["code"] not in codes] + warnings}

    def _adjusted(self, session: Session, epoch: int) -> dict[str, Any]:
        """Return the job's adjustments with those of this training, as a column."""
        known = session.scalar(select(Job.adjustments).where(Job.id == self.work.job_id)) or []
        return {"adjustments": with_new(known, self.contents.adjustments, epoch)}

    def _is_large(self, draft: Draft) -> bool:
        return len(draft.content) > self.settings.chunk_bytes or self._is_object(draft)

    def _is_object(self, draft: Draft) -> bool:
        return self.large is not None and len(draft.content) > self.large.more_than_bytes

    def _uploaded(self, draft: Draft) -> Draft:
        """Upload a draft and return it; each try has an id of its own, half an upload is swept later."""
        while True:
            draft = draft.renamed()
            try:
                self._upload(draft)
            except (NotReady, StorageFull) as error:
                self._wait(error.detail)
            else:
                return draft

    def _upload(self, draft: Draft) -> None:
        attempt = (self.work.job_id, self.work.attempt)
        if self.large and self._is_object(draft):
            checkpoint_uploads.upload_object(self.database, draft, *attempt, self.large)
        else:
            checkpoint_uploads.upload(self.database, draft, *attempt, self.settings.chunk_bytes)

    def _until_written(
        self, write: Callable[[Session], None], landed: Callable[[Job], bool], *, durable: bool = True
    ) -> None:
        """Write in one transaction, for as long as it takes.

        When the connection is lost at COMMIT nobody knows whether it happened: read what is there, and write again
        only if it did not.
        """
        unknown = False
        while True:
            try:
                with self.database.transaction(durable=durable) as session:
                    job = session.get(Job, self.work.job_id) if unknown else None
                    if job is not None and job.attempt == self.work.attempt and landed(job):
                        return
                    session.expunge_all()
                    write(session)
            except (NotReady, StorageFull) as error:
                unknown = True
                self._wait(error.detail)
            else:
                self.outage.ended(job=self.work.job_id)
                return

    def _wait(self, why: str) -> None:
        self.outage.began(why, job=self.work.job_id)
        self.waiting()
        self.sleep(RETRY_S)

    def _one(self, session: Session, statement: Any) -> Any:
        """Write to the job's row, and return what the rest of the transaction asks of it."""
        done = session.execute(statement.returning(*ASKED), execution_options={"synchronize_session": False}).first()
        if done is None:
            raise Fenced
        return done

    def _owned(self) -> tuple[Any, ...]:
        return (Job.id == self.work.job_id, Job.attempt == self.work.attempt, Job.state == JobState.RUNNING)


def _has(job: Job, drafts: list[Draft]) -> bool:
    return any(draft.id == job.last_checkpoint for draft in drafts)
