"""What users ask of existing jobs: to pause, resume, cancel, change and delete them. Each method is one transaction."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update

from services.attempts import checkpoints
from services.db import changes, job_rows
from services.db.engine import Database, now
from services.db.tables import IdempotencyKey, Job
from services.errors import (
    CheckpointInUse,
    Fault,
    InvalidRequest,
    InvalidTransition,
    JobAlreadyFinished,
    PreconditionFailed,
)
from services.jobs import registered, warm_start
from services.jobs.job_views import JobView
from services.jobs.lookup import JobLookup
from services.jobs.verb_target import to_change
from services.model_errors import PredictionInUse, VersionInUse
from services.specs.parse.merge_patch import merged
from services.states import ALLOWED, JobState, StopReason

if TYPE_CHECKING:
    from services.datasets.datasets import DatasetService

MAX_METADATA = 64  #: entries, as in a spec


class JobCommands:
    """Changes a job as its user asks. A stop request is a column that the supervisor reads; `ring` never blocks."""

    def __init__(
        self,
        database: Database,
        datasets: "DatasetService",
        lookup: JobLookup,
        ring: Callable[[str], None],
        remove_exports: Callable[[str], None],
    ) -> None:
        self.database = database
        self.datasets = datasets
        self.lookup = lookup
        self.ring = ring
        self.remove_exports = remove_exports

    def cancel(self, owner: str, said: str, reason: str | None = None) -> JobView:
        """Cancel a queued or paused job at once; ask the trainer of a running one to stop.

        Raises: NotFound; AmbiguousJob; JobAlreadyFinished unless it was cancelled.
        """
        with self.database.transaction() as session:
            job = to_change(session, owner, said)
            if job.state is JobState.RUNNING:
                if job.status != "cancelling":
                    asked = {"cancel_requested_at": now(session), "stop_detail": reason}
                    session.execute(update(Job).where(Job.id == job.id).values(**asked))
                    data = {"reason": reason} if reason else {}
                    job_rows.add_event(session, job.id, "cancelling", "a user asked to cancel", data)
            elif job.state in {JobState.QUEUED, JobState.PAUSED}:
                stop = StopReason.CANCELLED_BY_USER
                columns = {"stop_reason": stop, "stop_detail": reason, "finished_at": now(session)}
                job_rows.move(session, job.id, JobState.CANCELLED, **columns)
                job_rows.finish(session, job.id, JobState.CANCELLED, stop)
            elif job.state is not JobState.CANCELLED:
                detail = f"{job.name} {job.status} at {job.times.finished_at:%H:%M:%SZ}; there is nothing to cancel."
                raise JobAlreadyFinished(detail, **_move_of(job, "cancel", "cancelled"))
        return self.lookup.get(owner, job.id)

    def delete(self, owner: str, said: str, *, force: bool = False) -> None:
        """Delete a job with its epochs, events, checkpoints, exports and inline rows.

        Raises: NotFound; AmbiguousJob; InvalidTransition unless it is finished or `force` is said; CheckpointInUse
        while another job needs its weights; VersionInUse while a version is one of them; PredictionInUse while a batch
        prediction needs one. The trainer of a running job finds itself fenced and ends.
        """
        with self.database.transaction() as session:
            job = to_change(session, owner, said)
            if not job.done and not force:
                detail = (
                    f"{job.name} is {job.status}; only a finished job can be deleted. "
                    "Cancel it first, or pass force=true."
                )
                raise InvalidTransition(detail, **_move_of(job, "delete", "deleted"))
            if waiting := warm_start.needed_by(session, job.id):
                count = f"{len(waiting)} unfinished job(s) start from its weights"
                raise CheckpointInUse(f"{count}: wait for them, or cancel.", jobs=waiting[:20])
            if versions := registered.versions_of(session, job.id):
                named = ", ".join(versions[:5])
                detail = f"{len(versions)} registered version(s) hold its weights: {named}. Delete them first."
                raise VersionInUse(detail, versions=versions[:20])
            if open_predictions := registered.predictions_of(session, job.id):
                detail = f"{len(open_predictions)} batch prediction(s) need its weights: wait for them, or cancel."
                raise PredictionInUse(detail, predictions=open_predictions)
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.job_id == job.id))
            session.execute(delete(Job).where(Job.id == job.id))
            changes.note(session, owner, job.name)
            self.datasets.release(session, job.data.id, owner)
        self.remove_exports(job.id)

    def pause(self, owner: str, said: str) -> JobView:
        """Ask the trainer of a running job to store where it is and to end. Asking again changes nothing.

        Raises: NotFound; AmbiguousJob; InvalidTransition unless it runs.
        """
        with self.database.transaction() as session:
            job = to_change(session, owner, said)
            if job.status == "running":
                session.execute(update(Job).where(Job.id == job.id).values(pause_requested_at=now(session)))
                job_rows.add_event(session, job.id, "pausing", "a user asked to pause", {})
            elif job.status not in {"pausing", "paused"}:
                raise refused(job, "pause", "paused")
        return self.lookup.get(owner, job.id)

    def resume(self, owner: str, said: str) -> JobView:
        """Queue a paused job; it goes on at the batch before which it stopped.

        Raises: NotFound; AmbiguousJob; InvalidTransition unless it is paused.
        """
        with self.database.transaction() as session:
            job = to_change(session, owner, said)
            if job.state is not JobState.PAUSED:
                raise refused(job, "resume", "queued")
            # A user looked at it and wants it to go on: its tries are counted anew.
            columns = {"queued_at": now(session), "attempts_without_progress": 0}
            job_rows.move(session, job.id, JobState.QUEUED, **columns)
            last = next((c for c in checkpoints.listing(session, job.id) if c.is_last), None)
            place = {"epoch": last.epoch, "step": last.step} if last else {"epoch": 0, "step": 0}
            words = f"continues from epoch {place['epoch']}, step {place['step']}"
            job_rows.add_event(session, job.id, "resumed", words, place)
        self.ring(job.run.device)
        return self.lookup.get(owner, job.id).resumed(place)

    def change(self, owner: str, said: str, patch: dict[str, Any], *, versions: set[int] | None = None) -> JobView:
        """Change a job's name, priority, tags or metadata by a merge patch, in any state; null is the default.

        Raises: NotFound; AmbiguousJob; PreconditionFailed when its version is none of `versions`; InvalidRequest.
        """
        with self.database.transaction() as session:
            job = to_change(session, owner, said)
            if versions is not None and job.events_seq not in versions:
                etag = f'W/"{job.events_seq}"'
                raise PreconditionFailed(f"{job.name} has changed: its ETag is {etag}. Read it again.", etag=etag)
            default: dict[str, Any] = {"priority": 0, "tags": [], "metadata": {}}
            new = {name: default[name] if value is None else value for name, value in patch.items()}
            if new.get("metadata"):
                new["metadata"] = merged(job.labels.metadata, new["metadata"])
                if len(new["metadata"]) > MAX_METADATA:
                    detail = f"would have {len(new['metadata'])} entries; at most {MAX_METADATA} are kept"
                    raise InvalidRequest([Fault("#/metadata", "too_long", detail)])
            had = {"name": job.name, **vars(job.labels)}
            new = {name: value for name, value in new.items() if value != had[name]}
            if new:
                columns = {"metadata_" if name == "metadata" else name: value for name, value in new.items()}
                session.execute(update(Job).where(Job.id == job.id).values(**columns))
                changes.note(session, owner, job.name)  # the new name's is noted with the event
                data = {name: {"from": had[name], "to": value} for name, value in new.items()}
                job_rows.add_event(session, job.id, "changed", f"a user changed {', '.join(new)}", data)
        return self.lookup.get(owner, job.id)


def refused(job: JobView, action: str, to: str) -> InvalidTransition:
    """Return the error that names a job's state, the action and what is allowed instead."""
    allowed = ALLOWED[job.status]
    instead = f"allowed is: {', '.join(allowed)}" if allowed else "wait until it has stopped"
    detail = f"{job.name} is {job.status}; it can't {action} now; {instead}."
    return InvalidTransition(detail, **_move_of(job, action, to))


def _move_of(job: JobView, action: str, to: str) -> dict[str, Any]:
    return {"job_status": job.status, "action": action, "from": job.status, "to": to, "allowed": ALLOWED[job.status]}
