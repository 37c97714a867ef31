"""The checkpoint that a new job starts from: found at submit, and kept for as long as the job may need it.

The new job refers to it and has no copy: a copy would hold SQLite's one write lock for as long as 200 MB take.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.attempts import checkpoints
from services.attempts.checkpoints import CheckpointView
from services.columns import Column, TableInfo
from services.db.tables import Checkpoint, Dataset, Job
from services.errors import Fault, InvalidRequest
from services.jobs import references
from services.jobs.job_views import JobView
from services.specs.parse.faults import closest
from services.specs.resolve.facts import StartingWeights
from services.specs.resolve.weight_match import POINTER
from services.specs.schema.checkpoints import InitFrom
from services.specs.schema.job import JobSpec
from services.states import FINAL


@dataclass(frozen=True)
class Source:
    """A checkpoint and what it was trained from."""

    job: JobView
    checkpoint: CheckpointView
    asked: InitFrom
    weights: StartingWeights

    def shown(self, new: list[str]) -> dict[str, Any]:
        """Return what a job shows of its start; `new` are the weights that did not come from there."""
        metric = self.weights.spec.monitor.metric
        return {
            "job": self.job.id,
            "name": self.job.name,
            "checkpoint": self.checkpoint.id,
            "epoch": self.checkpoint.epoch,
            "metric": metric,
            "value": self.checkpoint.metrics.get(metric),
            "started_new": new,
        }


def find(session: Session, owner: str, asked: InitFrom) -> Source:
    """Return the source of a warm start.

    Raises: InvalidRequest that says which jobs or checkpoints there are.
    """
    job = references.by_id(session, owner, asked.job) or references.by_name(session, owner, asked.job)
    if job is None:
        near = closest(asked.job, references.words(session, owner))
        raise _fault("job", f"there is no job {asked.job[:80]!r}", asked.job, near)
    chosen = _chosen(session, job, asked)
    row = session.get_one(Dataset, job.data.id)
    info = TableInfo(row.rows, [Column(**column) for column in row.columns])
    by_ids = asked.model_copy(update={"job": job.id, "checkpoint": chosen.id})
    return Source(job, chosen, asked, StartingWeights(by_ids, JobSpec.model_validate(job.spec), info))


def held(session: Session, source: Source) -> Source:
    """Return the source of a warm start as it stays until the transaction ends.

    Raises: InvalidRequest when its checkpoint is gone.
    """
    # Its trainer removes checkpoints only after a write to this row.
    session.execute(select(Job.id).where(Job.id == source.job.id).with_for_update())
    return replace(source, checkpoint=_chosen(session, source.job, source.asked))


def _chosen(session: Session, job: JobView, asked: InitFrom) -> CheckpointView:
    chosen = checkpoints.selected(session, job.id, asked.checkpoint)
    if chosen is not None:
        return chosen
    kept = checkpoints.selectors(session, job.id)
    detail = f"{job.name} keeps no checkpoint {asked.checkpoint[:80]!r}"
    if not kept:
        detail = f"{job.name} is {job.status} and has no checkpoint" + ("" if job.done else " yet")
    raise _fault("checkpoint", detail, asked.checkpoint, closest(asked.checkpoint, kept), kept)


def needed_by(session: Session, job_id: str) -> list[str]:
    """Return the jobs that are not finished and start from a checkpoint of this job."""
    own = select(Checkpoint.id).where(Checkpoint.job_id == job_id)
    waiting = select(Job.id).where(Job.init_checkpoint.in_(own), Job.state.not_in(FINAL))
    return list(session.scalars(waiting.order_by(Job.created_at)))


def _fault(
    key: str, detail: str, value: str, suggestion: str | None, allowed: list[str] | None = None
) -> InvalidRequest:
    return InvalidRequest([Fault(f"{POINTER}/{key}", "unknown_value", detail, value[:80], suggestion, allowed)])
