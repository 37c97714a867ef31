"""Checkpoints in SQL: bytes in chunks, found whole again only if their SHA-256 is the recorded one."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from services import ids
from services.attempts.checkpoint_objects import CheckpointObjects, Gone
from services.db.clock import NOW
from services.db.engine import Database, now
from services.db.model_tables import ModelVersion
from services.db.prediction_tables import BatchPrediction
from services.db.tables import Checkpoint, CheckpointChunk, Job
from services.errors import CheckpointCorrupt, NotFound
from services.specs.resolve.weight_match import POINTER
from services.states import FINAL
from services.training_errors import Fenced, WeightsUnreadable

#: What is in a checkpoint, by the name of the first that was kept for it: an epoch's weights; a state to go on from.
WEIGHTS, STATE = "best", "last"
KEPT_LAST = 2  #: the newest, and the one before in case a byte of the newest is lost
EPOCH = re.compile(r"epoch:(0|[1-9]\d{0,8})", re.ASCII)
UPLOAD_S = 3_600  #: an upload that is older was given up


@dataclass(frozen=True)
class Draft:
    """A checkpoint that is about to be stored."""

    kind: str
    epoch: int
    step: int
    metrics: dict[str, Any]
    content: bytes
    id: str
    sha256: str

    @classmethod
    def of(cls, kind: str, epoch: int, step: int, metrics: dict[str, Any], content: bytes) -> "Draft":
        """Give content an id and its digest."""
        return cls(kind, epoch, step, metrics, content, ids.new("ckpt"), hashlib.sha256(content).hexdigest())

    def renamed(self) -> "Draft":
        """Return the same under a fresh id."""
        return replace(self, id=ids.new("ckpt"))


@dataclass(frozen=True)
class CheckpointView:
    """Stored weights of one moment, without the bytes."""

    id: str
    job_id: str
    kind: str
    epoch: int
    step: int
    is_best: bool
    is_last: bool
    metrics: dict[str, Any]
    size_bytes: int
    sha256: str
    created_at: datetime


def store(session: Session, draft: Draft, job_id: str, attempt: int, *, uploaded: bool) -> None:
    """Make a checkpoint ready inside the flush: write it, or see that all of what was uploaded before is there."""
    if not uploaded:
        add(session, draft, job_id, attempt, "ready")
        session.execute(insert(CheckpointChunk).values(checkpoint_id=draft.id, n=0, data=draft.content))
        return
    # The bytes themselves were verified by the upload: to read them here would keep every other writer waiting.
    size = select(func.coalesce(func.sum(func.length(CheckpointChunk.data)), 0))
    if session.scalar(size.where(CheckpointChunk.checkpoint_id == draft.id)) != len(draft.content):
        raise CheckpointCorrupt("Not all of the uploaded pieces are there.")
    make_ready(session, draft.id)


def make_ready(session: Session, checkpoint_id: str) -> None:
    """Make what was uploaded a checkpoint of its job, inside the flush.

    Raises: CheckpointCorrupt when its row is gone.
    """
    ready = update(Checkpoint).where(Checkpoint.id == checkpoint_id).values(state="ready")
    if session.execute(ready.returning(Checkpoint.id)).first() is None:
        raise CheckpointCorrupt("The uploaded checkpoint was given up: it took too long.")


def prune(session: Session, job_id: str, kept_by_job: Sequence[str | None]) -> list[Gone]:
    """Remove what a flush has replaced: all but the two last, what the job keeps, what others
    start from, versions, and what batch predictions need. Return what went."""
    newest = select(Checkpoint.id).where(Checkpoint.job_id == job_id, Checkpoint.kind == STATE)
    newest = newest.where(Checkpoint.state == "ready").limit(KEPT_LAST)
    newest = newest.order_by(Checkpoint.step.desc(), Checkpoint.created_at.desc(), Checkpoint.id)
    gone = session.execute(
        delete(Checkpoint)
        .where(
            Checkpoint.job_id == job_id,
            Checkpoint.state == "ready",
            Checkpoint.id.not_in([name or "" for name in kept_by_job]),
            Checkpoint.id.not_in(select(newest.subquery().c.id)),
            ~exists().where(Job.init_checkpoint == Checkpoint.id, Job.state.not_in(FINAL)),
            ~exists().where(ModelVersion.checkpoint_id == Checkpoint.id),
            ~exists().where(BatchPrediction.checkpoint_id == Checkpoint.id, BatchPrediction.finished_at.is_(None)),
        )
        .returning(Checkpoint.id, Checkpoint.sha256, Checkpoint.size_bytes),
        execution_options={"synchronize_session": False},
    )
    return [Gone(*row) for row in gone]


def sweep(database: Database) -> None:
    """Remove uploads that were given up."""
    with database.transaction() as session:
        oldest = now(session) - timedelta(seconds=UPLOAD_S)
        session.execute(delete(Checkpoint).where(Checkpoint.state == "uploading", Checkpoint.created_at < oldest))


def content(session: Session, checkpoint_id: str, sha256: str, large: CheckpointObjects | None) -> bytes:
    """Return a checkpoint's bytes.

    Raises: NotFound when it was replaced meanwhile; CheckpointCorrupt when the bytes are not those that were stored;
    NotReady.
    """
    found = _joined(session, checkpoint_id)
    if not found and large:
        found = large.read(checkpoint_id, sha256)
    if not found:
        if session.scalar(select(Checkpoint.id).where(Checkpoint.id == checkpoint_id)):
            there = "" if large else " Where BATCHYARD_STORAGE_URL was set before, large ones are on S3."
            raise CheckpointCorrupt(f"The stored checkpoint has no content.{there}")
        raise NotFound("The checkpoint was replaced by a newer one.")
    if hashlib.sha256(found).hexdigest() != sha256:
        raise CheckpointCorrupt("The stored checkpoint's bytes do not have the SHA-256 that was recorded.")
    return found


def initial_weights(session: Session, checkpoint_id: str, large: CheckpointObjects | None) -> bytes:
    """Return the weights that a job starts from.

    Raises: WeightsUnreadable; NotReady.
    """
    row = session.get(Checkpoint, checkpoint_id)
    try:
        if row is None:
            raise NotFound("The checkpoint is gone.")
        return content(session, row.id, row.sha256, large)
    except (NotFound, CheckpointCorrupt) as error:
        raise WeightsUnreadable(f"The weights to start from can't be read. {error.detail}", pointer=POINTER) from error


def loadable_last(
    session: Session, job_id: str, epochs_done: int, large: CheckpointObjects | None
) -> tuple[bytes, int] | None:
    """Return the newest resume state whose bytes are whole, and its epoch; the one before if the newest is damaged.

    Raises: NotReady.
    """
    query = select(Checkpoint).where(
        Checkpoint.job_id == job_id,
        Checkpoint.kind == STATE,
        Checkpoint.state == "ready",
        Checkpoint.epoch <= epochs_done,
    )
    for row in session.scalars(
        query.order_by(Checkpoint.epoch.desc(), Checkpoint.step.desc(), Checkpoint.created_at.desc())
    ):
        try:
            return content(session, row.id, row.sha256, large), row.epoch
        except CheckpointCorrupt:
            continue
    return None


def listing(session: Session, job_id: str, *conditions: ColumnElement[bool]) -> list[CheckpointView]:
    """Return a job's checkpoints, or those of them that are meant: the best, other epochs in order, then the last."""
    job = session.get_one(Job, job_id)
    shown = (Checkpoint.kind == WEIGHTS) | (Checkpoint.id == job.last_checkpoint)
    mine = (Checkpoint.job_id == job_id, Checkpoint.state == "ready")
    found = [_view(row, job) for row in session.scalars(select(Checkpoint).where(*mine, shown, *conditions))]
    # Weights of the very moment of the last are in the last.
    moments = {(view.epoch, view.step) for view in found if view.is_last}
    found = [view for view in found if view.is_best or view.is_last or (view.epoch, view.step) not in moments]
    return sorted(found, key=lambda view: (not view.is_best, view.is_last, view.epoch))


def kept(session: Session, job_id: str, metric: str) -> dict[int, tuple[str, float | None]]:
    """Return, by epoch, the weights of a job that are stored: their ids and the monitored values they had."""
    query = select(Checkpoint).where(Checkpoint.job_id == job_id, Checkpoint.state == "ready")
    rows = session.scalars(query.where(Checkpoint.kind == WEIGHTS))
    return {row.epoch: (row.id, row.metrics.get(metric)) for row in rows}


def selected(session: Session, job_id: str, selector: str) -> CheckpointView | None:
    """Return the checkpoint `best`, `last`, `epoch:N` or of an id; never another one in its place."""
    # A job may keep thousands: only the one that is meant is read.
    if epoch := EPOCH.fullmatch(selector):
        wanted = Checkpoint.epoch == int(epoch[1])
    elif selector in {"best", "last"}:
        job = session.get_one(Job, job_id)
        wanted = Checkpoint.id == (job.best_checkpoint if selector == "best" else job.last_checkpoint)
    else:
        return _of_id(session, job_id, selector)
    return next(iter(listing(session, job_id, wanted)), None)


def selectors(session: Session, job_id: str) -> list[str]:
    """Return what can be said to choose one of a job's checkpoints, [] when there is none."""
    epochs = sorted({view.epoch for view in listing(session, job_id)})
    return ["best", "last", *(f"epoch:{epoch}" for epoch in epochs)] if epochs else []


def _of_id(session: Session, job_id: str, checkpoint_id: str) -> CheckpointView | None:
    """Return a checkpoint, also one that is no longer shown, but is there because another job starts from it."""
    own = (Checkpoint.job_id == job_id, Checkpoint.id == checkpoint_id, Checkpoint.state == "ready")
    row = session.scalar(select(Checkpoint).where(*own)) if checkpoint_id.isidentifier() else None
    if row is None:
        return None
    return _view(row, session.get_one(Job, job_id))


def _view(row: Checkpoint, job: Job) -> CheckpointView:
    return CheckpointView(
        id=row.id,
        job_id=row.job_id,
        kind=row.kind,
        epoch=row.epoch,
        step=row.step,
        is_best=row.id == job.best_checkpoint,
        is_last=row.id == job.last_checkpoint,
        metrics=row.metrics,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
    )


def fence(session: Session, job_id: str, attempt: int) -> None:
    """Keep others from taking a job over while this transaction writes for it.

    Raises: Fenced when another attempt owns it.
    """
    row = select(Job.id).where(Job.id == job_id, Job.attempt == attempt, Job.state == "running").with_for_update()
    if session.scalar(row) is None:
        raise Fenced


def add(session: Session, draft: Draft, job_id: str, attempt: int, state: str) -> None:
    """Insert the row of a checkpoint."""
    row: dict[str, Any] = {
        "id": draft.id,
        "job_id": job_id,
        "attempt": attempt,
        "kind": draft.kind,
        "state": state,
        "epoch": draft.epoch,
        "step": draft.step,
        "metrics": draft.metrics,
        "size_bytes": len(draft.content),
        "sha256": draft.sha256,
        "created_at": NOW,
    }
    session.execute(insert(Checkpoint).values(**row))


def _joined(session: Session, checkpoint_id: str) -> bytes:
    query = select(CheckpointChunk.data).where(CheckpointChunk.checkpoint_id == checkpoint_id)
    return b"".join(session.scalars(query.order_by(CheckpointChunk.n)))
