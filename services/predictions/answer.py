"""The answer to a prediction as JSON: what predicted, and what it answered. The same bytes on every way to it."""

from dataclasses import dataclass
from typing import Any

import orjson

from services.predictions.outputs import Outputs
from services.predictions.resolution import Resolution
from services.training.predictor import Predictor


@dataclass(frozen=True)
class Remarks:
    """What is said about the rows beside what is predicted for them."""

    warnings: list[dict[str, Any]]
    diagnostics: dict[str, Any] | None = None


def answer(
    resolution: Resolution, predictor: Predictor, outputs: Outputs, remarks: Remarks, output: str = "all"
) -> bytes:
    """Return the body of an answer; `output` picks one of its kinds of numbers."""
    shown = outputs.as_json()
    if output != "all":
        shown = {name: value for name, value in shown.items() if name == output}
    own: dict[str, Any] = {**shown, "warnings": remarks.warnings}
    if remarks.diagnostics is not None:
        own["diagnostics"] = remarks.diagnostics
    return b'{"object":"prediction",%b,%b,%b' % (resolution.members, predictor.members, orjson.dumps(own)[1:])


def receipt(resolution: Resolution, predictor: Predictor, warnings: list[dict[str, Any]]) -> dict[str, str]:
    """Return what an answer that is no JSON says of its model, as headers."""
    found = {
        "Batchyard-Job": resolution.job_id,
        "Batchyard-Checkpoint": resolution.chosen.id,
        "Batchyard-Weights-Sha256": predictor.weights_sha256,
    }
    if resolution.model:
        found["Batchyard-Model"] = f"{resolution.model['name']}/{resolution.model['version']}"
    if warnings:
        found["Batchyard-Warnings"] = ", ".join(sorted({warning["code"] for warning in warnings}))
    return found
