"""The body of the answer to a prediction, as a model."""

from typing import Any

from api.schemas import Answer, Warning


class Prediction(Answer):
    """Predictions for rows."""

    object: str = "prediction"
    model: dict[str, Any] | None = None
    """Name, version and alias of the registered model; null if a job was used."""
    job: str
    job_status: str
    checkpoint: dict[str, Any]
    weights_sha256: str
    task: str
    classes: list[Any] | None = None
    predictions: list[Any] | None = None
    deviations: list[Any] | None = None
    """For a regression with the loss gaussian_nll: the standard deviation of each prediction."""
    diagnostics: dict[str, Any] | None = None
    probabilities: list[list[float]] | None = None
    warnings: list[Warning]
