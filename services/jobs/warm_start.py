"""The checkpoint that a new job starts from: found at submit, and kept for as long as the job may need it.

The new job refers to it and has no copy: a copy would hold SQLite's one write lock for as long as 200 MB take.
"""

from collections.abc import Callable
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
from services.specs.resolve.findings import Findings
from services.specs.resolve.resolution import Resolved
from services.specs.resolve.weight_match import POINTER, Shapes, compare
from services.specs.schema.checkpoints import InitFrom
from services.specs.schema.job import JobSpec
from services.states import FINAL

#: Returns the shapes of a resolved spec's weights, None where only the worker can tell.
ShapesOf = Callable[[JobSpec, TableInfo], Shapes | None]


@dataclass(frozen=True)
class Source:
    """A checkpoint and what it was trained from."""

    job: JobView
    checkpoint: CheckpointView
    spec: JobSpec
    info: TableInfo

    def resolved(self, wanted: InitFrom) -> InitFrom:
        """Return what was asked for by ids, which mean the same for ever."""
        return wanted.model_copy(update={"job": self.job.id, "checkpoint": self.checkpoint.id})

    def shown(self, new: list[str]) -> dict[str, Any]:
        """Return what a job shows of its start; `new` are the weights that did not come from there."""
        metric = self.spec.monitor.metric
        return {
            "job": self.job.id,
            "name": self.job.name,
            "checkpoint": self.checkpoint.id,
            "epoch": self.checkpoint.epoch,
            "metric": metric,
            "value": self.checkpoint.metrics.get(metric),
            "started_new": new,
        }


def find(session: Session, owner: str, wanted: InitFrom, *, lock: bool = False) -> Source:
    """Return the source of a warm start. With `lock` it stays what it is until the transaction ends.

    Raises: InvalidRequest that says which jobs or checkpoints there are.
    """
    job = references.by_id(session, owner, wanted.job) or references.by_name(session, owner, wanted.job)
    if job is None:
        near = closest(wanted.job, references.words(session, owner))
        raise _fault("job", f"there is no job {wanted.job[:80]!r}", wanted.job, near)
    if lock:  # its trainer removes checkpoints only after a write to this row
        session.execute(select(Job.id).where(Job.id == job.id).with_for_update())
    chosen = checkpoints.selected(session, job.id, wanted.checkpoint)
    if chosen is None:
        kept = checkpoints.selectors(session, job.id)
        detail = f"{job.name} keeps no checkpoint {wanted.checkpoint[:80]!r}"
        if not kept:
            detail = f"{job.name} is {job.status} and has no checkpoint" + ("" if job.done else " yet")
        raise _fault("checkpoint", detail, wanted.checkpoint, closest(wanted.checkpoint, kept), kept)
    row = session.get_one(Dataset, job.dataset_id)
    info = TableInfo(row.rows, [Column(**column) for column in row.columns])
    return Source(job, chosen, JobSpec.model_validate(job.spec), info)


def looked_up(session: Session, owner: str, wanted: InitFrom | None, found: Findings) -> Source | None:
    """Return the source of a warm start if one is wanted and there; note if it is not there."""
    try:
        return find(session, owner, wanted) if wanted else None
    except InvalidRequest as error:
        found.faults += error.faults
        return None


def fitted(resolved: Resolved, info: TableInfo, source: Source, shapes: ShapesOf) -> Resolved:
    """Return a resolved spec that names its source by ids.

    Raises: InvalidRequest when the source's weights do not fit.
    """
    spec, found = resolved.spec, Findings(warnings=resolved.warnings)
    own, given = shapes(spec, info), shapes(source.spec, source.info)
    new = compare(spec, info, own, source.spec, source.info, given, found)
    found.check()
    wanted = spec.init_from or InitFrom(job=source.job.id)
    spec = spec.model_copy(update={"init_from": source.resolved(wanted)})
    return replace(resolved, spec=spec, started_new=new)


def needed_by(session: Session, job_id: str) -> list[str]:
    """Return the jobs that are not finished and start from a checkpoint of this job."""
    own = select(Checkpoint.id).where(Checkpoint.job_id == job_id)
    waiting = select(Job.id).where(Job.init_checkpoint.in_(own), Job.state.not_in(FINAL))
    return list(session.scalars(waiting.order_by(Job.created_at)))


def _fault(
    key: str, detail: str, value: str, suggestion: str | None, allowed: list[str] | None = None
) -> InvalidRequest:
    return InvalidRequest([Fault(f"{POINTER}/{key}", "unknown_value", detail, value[:80], suggestion, allowed)])
