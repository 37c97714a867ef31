"""Batch predictions that tests queue: a trained job, rows to predict, and the request."""

import io
from typing import Any

import numpy as np

from services.batches.batch_views import BatchView, NewBatch
from services.jobs.job_views import JobView
from services.models.registry import ModelService
from services.predictions.batch_submit import BatchSubmit
from services.predictions.predictions import PredictionService
from services.predictions.source import Source
from services.training.predictor import Predictor
from services.wiring.base import Base
from tests.make import make_job, train

OWNER = "local"


def trained(joined: Base, **parts: Any) -> JobView:
    """Return a job that has succeeded."""
    return train(joined, make_job(joined, **parts).id)


def upload(joined: Base, text: str, name: str = "rows.csv") -> str:
    """Upload a CSV; return the id of its data set."""
    return joined.datasets.upload(io.BytesIO(text.encode()), name=name, owner=OWNER)[0].id


def numbers(rows: int, columns: int = 2) -> str:
    """Return a CSV of random numbers."""
    values = np.random.default_rng(7).normal(size=(rows, columns)).round(3)
    return "\n".join([",".join(f"x{n}" for n in range(columns)), *(",".join(map(str, row)) for row in values)])


def predictions(joined: Base) -> PredictionService:
    """Return what predicts."""

    def digest(content: bytes) -> str:
        return Predictor.from_bytes(content).weights_sha256

    models = ModelService(joined.database, joined.jobs.lookup, digest)
    return PredictionService(Source(joined.database, joined.jobs.lookup, models), joined.settings)


def submit(joined: Base) -> BatchSubmit:
    """Return what takes batch predictions in."""
    return BatchSubmit(predictions(joined), joined.batches.predictions, joined.datasets, joined.disk)


def queued(joined: Base, job: JobView, dataset_id: str, *, piece_rows: int, format: str = "csv") -> BatchView:
    """Queue a batch prediction with pieces of another size than users get."""
    best = joined.jobs.lookup.checkpoint(OWNER, job.id, "best")
    dataset = joined.datasets.find(OWNER, dataset_id)
    new = NewBatch(
        owner=OWNER,
        job_id=job.id,
        checkpoint={"id": best.id, "selector": "best", "epoch": best.epoch},
        model=None,
        weights_sha256=Predictor.from_bytes(joined.jobs.lookup.content(best)).weights_sha256,
        dataset_id=dataset.id,
        dataset_sha256=dataset.sha256,
        format=format,
        total_rows=dataset.info.rows,
        piece_rows=piece_rows,
        warnings=[],
    )
    view = joined.batches.predictions.add(new)
    assert view is not None
    return view
