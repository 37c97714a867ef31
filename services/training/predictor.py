"""A trained model that answers: made from the bytes of a checkpoint, best or last."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from services.specs.models import Model
from services.training.models import MODELS
from services.training.preprocessing import Preprocessing
from services.training.weights import from_bytes


@dataclass(frozen=True)
class Predictor:
    """A model in eval mode and the preprocessing that it was trained with."""

    model: nn.Module
    preprocessing: Preprocessing
    size_bytes: int

    @classmethod
    def from_bytes(cls, content: bytes) -> "Predictor":
        """Return the predictor that a checkpoint holds.

        Raises: CheckpointCorrupt.
        """
        tensors, about = from_bytes(content)
        weights = {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}
        preprocessing = Preprocessing.from_json(about["preprocessing"])
        spec: Any = TypeAdapter(Model).validate_python(about["model"])
        inputs = sum(column.width for column in preprocessing.inputs)
        outputs = len(preprocessing.classes or []) if preprocessing.task == "multiclass" else 1
        if preprocessing.task == "regression":
            outputs = len(preprocessing.targets)
        model = MODELS[spec.type](spec, inputs, outputs)
        model.load_state_dict(weights)
        return cls(model.eval(), preprocessing, sum(tensor.nbytes for tensor in weights.values()))

    @torch.inference_mode()
    def values(self, cells: np.ndarray) -> Tensor:
        """Return the targets of a regression in original units.

        Shapes: cells (rows, features) float32; returns (rows, targets) float32.
        """
        return self.preprocessing.units(self.model(self.preprocessing.features(cells)))

    @torch.inference_mode()
    def probabilities(self, cells: np.ndarray) -> Tensor:
        """Return the probability of each class, in the order of `preprocessing.classes`.

        Shapes: cells (rows, features) float32; returns (rows, classes) float32.
        """
        logits = self.model(self.preprocessing.features(cells))
        if self.preprocessing.task == "binary":
            second = torch.sigmoid(logits[:, 0])
            return torch.stack([1 - second, second], 1)
        return torch.softmax(logits, 1)
