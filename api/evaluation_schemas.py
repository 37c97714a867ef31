"""The bodies of answers about evaluations."""

from datetime import datetime
from typing import Any

from api.schemas import Answer


class Evaluation(Answer):
    """How the best weights do on the validation rows. Parts that a task does not have are null."""

    object: str = "job.evaluation"
    job: str
    checkpoint: str
    split: str = "validation"
    task: str
    rows: int
    """Rows that were looked at; of more, evenly spaced ones."""
    total_rows: int
    confusion_matrix: dict[str, Any] | None = None
    """`classes`, and `data`: a row a true class, a column a predicted one."""
    calibration: list[dict[str, Any]] | None = None
    """Of each class the points of its curve: mean probability, how often it came true, rows."""
    residuals: list[dict[str, Any]] | None = None
    """Of each target what was there minus what was predicted: mean, deviation, quantiles, histogram."""
    importance: dict[str, Any] | None = None
    """By column how much the mean cost rises when its values are shuffled: mean and deviation over the repeats."""
    left_out: list[dict[str, str]]
    """Parts that are not there, and why."""
    seconds: float
    created_at: datetime


class StoredPredictions(Answer):
    """Predictions of the validation rows, stored when the training ended."""

    object: str = "list"
    url: str
    split: str = "validation"
    checkpoint: str
    rows: int
    """Of all pages."""
    has_more: bool
    next: str | None
    columns: list[str]
    data: list[list[Any]]
