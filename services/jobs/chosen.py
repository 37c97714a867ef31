"""Which checkpoint answers, in one statement. What is not found so, the longer way finds, or says why it is missing."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.attempts.checkpoints import WEIGHTS, CheckpointView
from services.db.model_tables import ModelAlias, ModelVersion
from services.db.tables import Checkpoint, Job
from services.states import status_of


@dataclass(frozen=True)
class Chosen:
    """A checkpoint, what an answer says of its job, and the number of the model's version, if a model was named."""

    checkpoint: CheckpointView
    job_name: str
    job_status: str
    metric: str
    version: int | None


_OF_JOB = (Job.name, Job.state, Job.cancel_requested_at, Job.pause_requested_at, Job.spec)
_IS = ((Checkpoint.id == Job.best_checkpoint).label("is_best"), (Checkpoint.id == Job.last_checkpoint).label("is_last"))
_OF_CHECKPOINT = (
    Checkpoint.id,
    Checkpoint.job_id,
    Checkpoint.kind,
    Checkpoint.epoch,
    Checkpoint.step,
    Checkpoint.metrics,
    Checkpoint.size_bytes,
    Checkpoint.sha256,
    Checkpoint.created_at,
)
_READY = (Checkpoint.job_id == Job.id, Checkpoint.state == "ready")


def _by_job(pointer: InstrumentedAttribute[str | None]) -> Select[Any]:
    query = select(*_OF_CHECKPOINT, *_IS, *_OF_JOB).join(Job, Checkpoint.id == pointer)
    return query.where(Job.owner == bindparam("owner"), Job.id == bindparam("job"), *_READY)


# Made once: to put such a statement together takes longer than SQLite takes to answer it.
_BY_JOB = {
    "best": _by_job(Job.best_checkpoint).where(Checkpoint.kind == WEIGHTS),
    "last": _by_job(Job.last_checkpoint),
}
_NEWEST = (
    select(ModelVersion.version, *_OF_CHECKPOINT, *_IS, *_OF_JOB)
    .join(Job, Job.id == ModelVersion.job_id)
    .join(Checkpoint, Checkpoint.id == ModelVersion.checkpoint_id)
    .where(
        ModelVersion.owner == bindparam("owner"),
        ModelVersion.name == bindparam("name"),
        Job.owner == bindparam("owner"),
        *_READY,
    )
    .order_by(ModelVersion.version.desc())
    .limit(1)
)
_BY_NUMBER = _NEWEST.where(ModelVersion.version == bindparam("version"))
_OF_ALIAS = (ModelAlias.owner == ModelVersion.owner, ModelAlias.name == ModelVersion.name)
_BY_ALIAS = _NEWEST.where(
    *_OF_ALIAS, ModelAlias.version == ModelVersion.version, ModelAlias.alias == bindparam("alias")
)


def of_job(session: Session, owner: str, job_id: str, selector: str) -> Chosen | None:
    """Return the checkpoint of an owner's job that `best` or `last` means."""
    query = _BY_JOB.get(selector)
    return None if query is None else _chosen(session.execute(query, {"owner": owner, "job": job_id}).first())


def of_model(session: Session, owner: str, name: str, alias: str | None, version: int | None) -> Chosen | None:
    """Return the checkpoint of an owner's model that an alias or a number means, else that of the newest version."""
    said = {"owner": owner, "name": name}
    if alias is not None:
        return _chosen(session.execute(_BY_ALIAS, said | {"alias": alias}).first())
    if version is not None:
        return _chosen(session.execute(_BY_NUMBER, said | {"version": version}).first())
    return _chosen(session.execute(_NEWEST, said).first())


def _chosen(row: Row[Any] | None) -> Chosen | None:
    if row is None:
        return None
    found = row._mapping
    checkpoint = {column.key: found[column.key] for column in _OF_CHECKPOINT}
    view = CheckpointView(**checkpoint, is_best=bool(found["is_best"]), is_last=bool(found["is_last"]))
    status = status_of(row.state, row.cancel_requested_at is not None, row.pause_requested_at is not None)
    return Chosen(view, row.name, status, str(row.spec["monitor"]["metric"]), found.get("version"))
