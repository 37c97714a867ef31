"""Evaluations in SQL: written once by the trainer of a job that has ended, read by its owner."""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.attempts import checkpoints
from services.attempts.checkpoint_objects import CheckpointObjects
from services.db.engine import Database, now
from services.db.evaluation_tables import JobEvaluation
from services.db.tables import Job
from services.states import JobState


@dataclass(frozen=True)
class EvaluationView:
    """What was found, of which checkpoint."""

    job_id: str
    checkpoint_id: str
    report: dict[str, Any]
    created_at: datetime


def store(database: Database, job_id: str, attempt: int, report: dict[str, Any], columns: dict[str, list[Any]]) -> None:
    """Store an evaluation, unless the job is gone, or another attempt has ended it."""
    packed = zlib.compress(orjson.dumps(columns), level=1)
    with database.transaction() as session:
        mine = (Job.id == job_id, Job.attempt == attempt, Job.state == JobState.SUCCEEDED)
        checkpoint_id = session.scalar(select(Job.best_checkpoint).where(*mine).with_for_update())
        if checkpoint_id is None or session.get(JobEvaluation, job_id) is not None:
            return
        found = {"job_id": job_id, "checkpoint_id": checkpoint_id, "report": report, "predictions": packed}
        session.add(JobEvaluation(**found, created_at=now(session)))


def best_weights(database: Database, job_id: str) -> bytes | None:
    """Return the content of a job's best checkpoint.

    Raises: NotFound; CheckpointCorrupt; NotReady.
    """
    large = CheckpointObjects.of(database.settings)
    with database.reading() as session:
        found = checkpoints.selected(session, job_id, "best")
        return checkpoints.content(session, found.id, found.sha256, large) if found else None


def read(session: Session, job_id: str) -> EvaluationView | None:
    """Return a job's evaluation."""
    query = select(JobEvaluation.checkpoint_id, JobEvaluation.report, JobEvaluation.created_at)
    row = session.execute(query.where(JobEvaluation.job_id == job_id)).first()
    return EvaluationView(job_id, row.checkpoint_id, row.report, row.created_at) if row else None


def predictions(session: Session, job_id: str) -> dict[str, list[Any]] | None:
    """Return a job's stored validation predictions by column."""
    packed = session.scalar(select(JobEvaluation.predictions).where(JobEvaluation.job_id == job_id))
    if packed is None:
        return None
    found: dict[str, list[Any]] = orjson.loads(zlib.decompress(packed))
    return found
