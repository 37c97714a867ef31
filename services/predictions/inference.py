"""The Open Inference Protocol over our predictions: models by name, their versions, inputs and outputs."""

from dataclasses import dataclass
from typing import Any

from services.predictions.outputs import outputs_of
from services.predictions.predictions import PredictionService
from services.predictions.protocol import messages, signature
from services.predictions.resolution import Resolution
from services.predictions.row_limit import check_rows
from services.predictions.target import Target

PLATFORM = "pytorch_torch"


@dataclass(frozen=True)
class Inferred:
    """The body of an answer, and how many bytes of it are JSON where tensors follow."""

    body: bytes
    json_bytes: int | None


class InferenceService:
    """A registered name wins over a job's; the versions of a job are the epochs of its checkpoints."""

    def __init__(self, predictions: PredictionService) -> None:
        self.predictions = predictions
        self.source = predictions.source

    def metadata(self, owner: str, name: str, version: str = "") -> dict[str, Any]:
        """Return a model's versions, inputs and outputs.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; CheckpointCorrupt.
        """
        found, predictor = self.predictions.loaded(owner, Target(named=name, checkpoint=version))
        preprocessing = predictor.preprocessing
        return {
            "name": name,
            "versions": self.source.versions(owner, found),
            "platform": PLATFORM,
            "inputs": signature.inputs_of(preprocessing),
            "outputs": signature.outputs_of(preprocessing),
        }

    def infer(self, owner: str, name: str, version: str, body: bytes, json_bytes: int | None) -> Inferred:
        """Return the answer to a request.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; CheckpointCorrupt; MalformedJSON; InvalidRequest; TooLarge.
        """
        found, predictor = self.predictions.loaded(owner, Target(named=name, checkpoint=version))
        asked = messages.read(body, json_bytes)
        for tensor in asked.inputs:
            check_rows(len(tensor.values), self.predictions.most_rows(owner))
        cells = signature.cells_of(asked.inputs, predictor.preprocessing)
        outputs = signature.answered(outputs_of(predictor, cells), predictor.preprocessing)
        about = {"job": found.job_id, "checkpoint": found.chosen.id, "weights_sha256": predictor.weights_sha256}
        written = messages.written(asked, outputs, model=name, version=version_of(found), parameters=about)
        return Inferred(*written)

    def is_ready(self, owner: str, name: str, version: str = "") -> bool:
        """Return whether a model can answer.

        Raises: NotFound when there is no such model; NoCheckpointYet; NoCheckpoint; CheckpointCorrupt.
        """
        self.predictions.loaded(owner, Target(named=name, checkpoint=version))
        return True

    def index(self, owner: str) -> list[dict[str, str]]:
        """Return the registered models with each of their versions, and the newest jobs that can answer."""
        ready = {"state": "READY", "reason": ""}
        return [{"name": name, "version": version, **ready} for name, version in self.source.index(owner)]


def version_of(found: Resolution) -> str:
    """Return what the protocol calls a version: a registered number, or the epoch of a job's checkpoint."""
    if found.model is not None:
        return str(found.model["version"])
    return str(found.chosen.epoch)
