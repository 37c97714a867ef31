"""The answer to a prediction as JSON: what predicted, and what it answered. The same bytes on every way to it."""

from typing import Any

import orjson

from services.predictions.outputs import Outputs
from services.predictions.resolution import Resolution
from services.training.predictor import Predictor


def answer(
    resolution: Resolution,
    predictor: Predictor,
    outputs: Outputs,
    warnings: list[dict[str, Any]],
    *,
    output: str = "all",
) -> bytes:
    """Return the body of an answer; `output` picks one of its kinds of numbers."""
    shown = outputs.as_json()
    if output != "all":
        shown = {name: value for name, value in shown.items() if name == output}
    found: dict[str, Any] = {
        "object": "prediction",
        "model": resolution.model,
        "job": resolution.job_id,
        "job_status": resolution.job_status,
        "checkpoint": resolution.checkpoint,
        "weights_sha256": predictor.weights_sha256,
        "task": predictor.preprocessing.task,
        "classes": predictor.preprocessing.classes,
        **shown,
        "warnings": warnings,
    }
    return orjson.dumps(found)
