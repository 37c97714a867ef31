"""What a worker writes of the attempt that it runs: beats, and the ends that a trainer could not write itself."""

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from services.adjustments import Adjustment, with_new
from services.attempts import checkpoints
from services.attempts.checkpoint_objects import CheckpointObjects
from services.attempts.crash import Crash
from services.attempts.work import StopRequests, Work
from services.columns import Column, TableInfo
from services.db import job_rows
from services.db.engine import Database, now
from services.db.tables import Dataset, Job
from services.queue.claims import Claim
from services.queue.time_slice import level
from services.settings import Settings
from services.specs.resolve.certain_failures import needs_two_rows, smallest_part
from services.specs.schema.job import JobSpec
from services.states import JobState, StopReason
from services.training_errors import Fenced

UNCHARGED = case(
    (Job.attempts_without_progress > 0, Job.attempts_without_progress - 1), else_=Job.attempts_without_progress
)


class Lifecycle:
    """The worker's side of jobs. Every write names the attempt, and one that is not the job's own changes nothing."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.large = CheckpointObjects.of(settings)

    def load(self, job_id: str, attempt: int) -> Work:
        """Return what the trainer of a claimed job needs.

        Raises: Fenced when another attempt owns the job; WeightsUnreadable; NotReady.
        """
        with self.database.reading() as session:
            found = session.execute(
                select(Job, Dataset).join(Dataset, Dataset.id == Job.dataset_id).where(*_owned(job_id, attempt))
            ).first()
            if found is None:
                raise Fenced
            job, dataset = found
            last = checkpoints.loadable_last(session, job_id, job.epochs_done, self.large)
            begins = job.init_checkpoint if last is None else None
            init = checkpoints.initial_weights(session, begins, self.large) if begins else None
            kept = checkpoints.kept(session, job_id, job.spec["monitor"]["metric"])
        return Work(
            job_id=job_id,
            attempt=attempt,
            spec=JobSpec.model_validate(job.spec),
            info=TableInfo(dataset.rows, [Column(**column) for column in dataset.columns]),
            dataset_sha256=job.dataset_sha256,
            epochs_done=job.epochs_done,
            trained_s=job.trained_s,
            micro_batch_size=job.micro_batch_size,
            last=last[0] if last else None,
            init=init,
            kept=kept,
            last_epoch=last[1] if last else 0,
        )

    def beats(self, session: Session) -> dict[str, tuple[int, int]]:
        """Return the attempt and beat of every running job."""
        query = select(Job.id, Job.attempt, Job.beat).where(Job.state == JobState.RUNNING)
        return {row.id: (row.attempt, row.beat) for row in session.execute(query)}

    def beat(self, claim: Claim, progress: dict[str, Any] | None) -> StopRequests | None:
        """Show that the job is alive and how far it is; return the stop requests, None when another attempt owns it."""
        values: dict[str, Any] = {"beat": Job.beat + 1}
        if progress:
            values["progress"] = progress
        with self.database.transaction() as session:
            requested = session.execute(
                update(Job)
                .where(*_owned(claim.job_id, claim.attempt))
                .values(**values)
                .returning(Job.cancel_requested_at, Job.pause_requested_at)
            ).first()
        return None if requested is None else StopRequests(requested[0] is not None, requested[1] is not None)

    def stop_requests(self, claim: Claim) -> StopRequests | None:
        """Return the stop requests without a beat."""
        query = select(Job.cancel_requested_at, Job.pause_requested_at).where(*_owned(claim.job_id, claim.attempt))
        with self.database.reading() as session:
            requested = session.execute(query).first()
        return None if requested is None else StopRequests(requested[0] is not None, requested[1] is not None)

    def drained(self, claim: Claim) -> None:
        """Put a job back that stopped at a batch because its worker ends; the attempt is not charged."""
        message = "its worker is shutting down; another one continues"
        self._let_go(claim, message, attempts_without_progress=UNCHARGED)

    def yielded(self, claim: Claim) -> None:
        """Put a job back that stopped after an epoch because a shorter one waits; the attempt is not charged."""
        self._let_go(claim, "yields to a shorter job", attempts_without_progress=UNCHARGED)

    def stopped(self, claim: Claim) -> None:
        """Write that a job stopped as its user asked: cancelled or paused."""
        self._let_go(claim, "the request was withdrawn")

    def crashed(self, claim: Claim, crash: Crash, *, charged: bool = True, final: bool = False) -> None:
        """Put a job back whose trainer died, after a pause; fail it when it has made no progress too often.

        `charged=False`: it was not the job's fault; `final`: trying again would not help.
        """
        with self.database.transaction() as session:
            job = session.scalar(select(Job).where(*_owned(claim.job_id, claim.attempt)).with_for_update())
            if job is None:
                return
            if job.cancel_requested_at or job.pause_requested_at:
                self._settle(session, claim, crash.message, {})
                return
            tries = job.attempts_without_progress if charged else max(0, job.attempts_without_progress - 1)
            error, message = crash.as_error(), crash.message
            # Attempts that a drain or a shorter job ended are not counted: they were not the job's fault.
            crashes = job_rows.count_events(session, job.id, "requeued", "warning") + 1
            often = tries >= self.settings.max_attempts_without_progress or crashes >= self.settings.max_attempts
            if often and not final:
                times = "once" if tries == 1 else f"{tries} times in a row"
                error["message"] = f"{message} This happened {times} without a new checkpoint."
            if final or often:
                columns = {"error": error, "stop_reason": StopReason.ERROR, "finished_at": now(session)}
                if job_rows.move(session, job.id, JobState.FAILED, **columns):
                    job_rows.finish(session, job.id, JobState.FAILED, StopReason.ERROR)
                return
            # The pause goes by all tries, so that a job that takes its worker down does not do so without rest.
            pause = self._pause_s(job.attempts_without_progress if charged else tries)
            job_rows.move(
                session,
                job.id,
                JobState.QUEUED,
                queued_at=now(session),
                not_before=now(session) + timedelta(seconds=pause) if pause else job.created_at,
                progress=None,
                worker=None,
                attempts_without_progress=tries,
            )
            words = f"{message}; continues from epoch {job.epochs_done}" + (f" in {pause:.0f} s" if pause else "")
            job_rows.add_event(session, job.id, "requeued", words, error | {"pause_seconds": pause}, "warning")

    def out_of_memory(self, claim: Claim, crash: Crash, *, in_step: bool) -> None:
        """Put a job back whose trainer ran out of memory: after a step at once, with half as many rows at a time.

        Gradients are then summed up to the same batch. A job that had one row at a time, or failed elsewhere, crashed.
        """
        if not (in_step and self._halved(claim, crash.message)):
            self.crashed(claim, crash)

    def silent(self, job_id: str, attempt: int, beat: int) -> bool:
        """Put a job back whose worker stopped responding at this beat; return whether it was still so."""
        with self.database.transaction() as session:
            conditions = (Job.id == job_id, Job.attempt == attempt, Job.beat == beat, Job.state == JobState.RUNNING)
            job = session.scalar(select(Job).where(*conditions).with_for_update())
            if job is None:
                return False
            message = f"worker {job.worker} stopped responding"
            requested = job.cancel_requested_at or job.pause_requested_at
            if not requested and job.attempts_without_progress >= self.settings.max_attempts_without_progress:
                error = {"code": "worker_lost", "message": f"Its {message}, too often without progress."}
                columns = {"error": error, "stop_reason": StopReason.ERROR, "finished_at": now(session)}
                job_rows.move(session, job_id, JobState.FAILED, **columns)
                job_rows.finish(session, job_id, JobState.FAILED, StopReason.ERROR)
                return True
            return self._settle(session, Claim(job_id, attempt), message, {})

    def _halved(self, claim: Claim, message: str) -> bool:
        """Put a job back with half its micro-batch; return False when it can't be halved."""
        with self.database.transaction() as session:
            job = session.scalar(select(Job).where(*_owned(claim.job_id, claim.attempt)).with_for_update())
            if job is None or job.cancel_requested_at or job.pause_requested_at:
                return False
            whole = job.spec["batch_size"]
            if whole == "full":
                whole = session.scalar(select(Dataset.rows).where(Dataset.id == job.dataset_id)) or 1
            whole = -(-whole // job.spec.get("processes", 1))  # that one process has of it
            rows = job.micro_batch_size or job.spec["micro_batch_size"] or whole
            half = min(rows, whole) // 2
            if half < 1 or _leaves_one_row(job, whole, half):
                return False
            tries = max(0, job.attempts_without_progress - 1)
            why = f"{message} The gradients of fewer rows at a time are summed up over the same batch."
            adjusted = with_new(job.adjustments, [Adjustment("micro_batch_size", rows, half, why)], job.epochs_done)
            columns = {"queued_at": now(session), "progress": None, "worker": None, "micro_batch_size": half}
            columns["adjustments"] = adjusted
            job_rows.move(session, job.id, JobState.QUEUED, **columns, attempts_without_progress=tries)
            words = f"{message} It continues from epoch {job.epochs_done} with the same batches, {half} rows at a time"
            data = {"reason": "out_of_memory", "micro_batch_size": half}
            job_rows.add_event(session, job.id, "requeued", words, data)
        return True

    def _let_go(self, claim: Claim, message: str, **columns: Any) -> None:
        columns |= {"trained_s": claim.trained_s, "level": level(claim.trained_s, self.settings.short_job_s)}
        with self.database.transaction() as session:
            self._settle(session, claim, message, columns)

    def _settle(self, session: Session, claim: Claim, message: str, columns: dict[str, Any]) -> bool:
        """Leave `running` for what was requested: cancelled before paused before queued."""
        requested = case(
            (Job.cancel_requested_at.is_not(None), JobState.CANCELLED),
            (Job.pause_requested_at.is_not(None), JobState.PAUSED),
            else_=JobState.QUEUED,
        )
        time = now(session)
        cancelled = Job.cancel_requested_at.is_not(None)
        statement = (
            update(Job)
            .where(*_owned(claim.job_id, claim.attempt))
            .values(
                state=requested,
                stop_reason=case((cancelled, StopReason.CANCELLED_BY_USER), else_=None),
                finished_at=case((cancelled, time), else_=None),
                queued_at=time,
                pause_requested_at=None,
                worker=None,
                progress=None,
                **columns,
            )
            .returning(Job.state)
        )
        state = session.scalar(statement, execution_options={"synchronize_session": False})
        if state == JobState.CANCELLED:
            job_rows.finish(session, claim.job_id, JobState.CANCELLED, StopReason.CANCELLED_BY_USER)
        elif state == JobState.PAUSED:
            words = "its trainer has ended; it continues when it is resumed"
            job_rows.add_event(session, claim.job_id, "paused", words, {})
        elif state is not None:
            job_rows.add_event(session, claim.job_id, "requeued", message, {})
        return state is not None

    def _pause_s(self, tries: int) -> float:
        if tries == 0:
            return 0.0
        pause = self.settings.backoff_s * 2.0 ** (tries - 1)
        # Jitter, so that jobs that died together do not come back together. No secret depends on it.
        return min(pause, self.settings.backoff_max_s) * random.uniform(0.75, 1.25)


def _leaves_one_row(job: Job, rows: int, micro: int) -> bool:
    """Return whether batch norm would get a single row, which it fails at."""
    spec = JobSpec.model_validate(job.spec)
    return needs_two_rows(job.model_summary) and smallest_part(spec, rows, micro) == 1


def _owned(job_id: str, attempt: int) -> tuple[Any, ...]:
    return (Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
