"""The body of an answer about a batch prediction."""

from datetime import datetime
from typing import Any

from api.schemas import Answer, Warning
from services.batches.batch_views import BatchView


class BatchProgress(Answer):
    """How far a batch prediction is, in rows that are stored."""

    rows: int
    total_rows: int
    fraction: float
    eta_seconds: float | None


class BatchPrediction(Answer):
    """The prediction of every row of a data set."""

    id: str
    object: str = "batch_prediction"
    status: str
    done: bool
    job: str
    checkpoint: dict[str, Any]
    model: dict[str, Any] | None
    """Name, version and alias of the registered model; null when a job was named."""
    weights_sha256: str
    dataset: str
    format: str
    progress: BatchProgress
    size_bytes: int | None
    sha256: str | None
    """Of the output."""
    error: dict[str, Any] | None
    warnings: list[Warning]
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    urls: dict[str, str]


def batch_answer(view: BatchView) -> BatchPrediction:
    """Return a batch prediction as it is shown."""
    shown = {name: value for name, value in vars(view).items() if name in BatchPrediction.model_fields}
    here = f"/api/v1/predictions/{view.id}"
    return BatchPrediction(
        **shown,
        job=view.job_id,
        dataset=view.dataset_id,
        progress=BatchProgress(
            rows=view.rows_done,
            total_rows=view.total_rows,
            fraction=view.rows_done / view.total_rows,
            eta_seconds=view.eta_s,
        ),
        urls={"self": here, "content": f"{here}/content", "job": f"/api/v1/jobs/{view.job_id}"},
    )
