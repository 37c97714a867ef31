"""A trained model that answers: made from the bytes of a checkpoint, best or last."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from services.errors import Fault, InvalidRequest
from services.specs.schema.models import Model
from services.training.flat_forward import flat_forward, multiplications
from services.training.input.preprocessing import Preprocessing
from services.training.models import MODELS
from services.training.models.bins import bins_like
from services.training.models.inputs import Inputs
from services.training.weights import digest, from_bytes

MODEL: TypeAdapter[Any] = TypeAdapter(Model)  #: made once: that takes as long as the rest of a small model
BLOCK_ROWS = 1_024  #: what small layers make of so many rows stays in a processor's cache


@dataclass(frozen=True)
class Predictor:
    """A model in eval mode and the preprocessing that it was trained with."""

    model: nn.Module
    preprocessing: Preprocessing
    shape: tuple[int, ...]  #: of one row's features
    size_bytes: int
    weights_sha256: str = ""

    @classmethod
    def from_bytes(cls, content: bytes) -> "Predictor":
        """Return the predictor that a checkpoint holds.

        Raises: CheckpointCorrupt.
        """
        tensors, about = from_bytes(content)
        weights = {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}
        preprocessing = Preprocessing.from_json(about["preprocessing"])
        spec: Any = MODEL.validate_python(about["model"])
        inputs = Inputs(
            tuple(about["shape"]),
            preprocessing.task,
            len(preprocessing.numbers),
            bins_like(weights),
            preprocessing.categories,
            preprocessing.loss,
        )
        model = MODELS[spec.type](spec, inputs, preprocessing.outputs)
        model.load_state_dict(weights)
        return cls(
            model.eval().requires_grad_(False),  # for each block of rows, a mode would have to be entered and left
            preprocessing,
            inputs.shape,
            sum(tensor.nbytes for tensor in weights.values()),
            digest(weights),
        )

    @cached_property
    def members(self) -> bytes:
        """The members of a JSON object that say what the weights are for: the same in every answer."""
        preprocessing = self.preprocessing
        found = {
            "weights_sha256": self.weights_sha256,
            "task": preprocessing.task,
            "classes": preprocessing.classes,
        }
        return orjson.dumps(found)[1:-1]

    @cached_property
    def parameters(self) -> int:
        """How many parameters the model has."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @cached_property
    def multiplications(self) -> int | None:
        """How many numbers it multiplies for a row; None where its layers do not say."""
        return multiplications(self.model) if len(self.shape) == 1 else None

    @cached_property
    def forward(self) -> Callable[[Tensor], Tensor]:
        """The model, called with less ceremony."""
        return flat_forward(self.model)

    def values(self, cells: np.ndarray) -> Tensor:
        """Return the targets of a regression in original units.

        Shapes: cells (rows, features) float32; returns (rows, targets) float32.
        Raises: InvalidRequest where an embedding has no vector for a number.
        """
        return self.preprocessing.values(self._outputs(cells))

    def values_and_deviations(self, cells: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """Return the targets of a regression, and how far off they are likely to be if its loss learnt that.

        Shapes: cells (rows, features) float32; returns (rows, targets) float32 each, in original units.
        Raises: InvalidRequest where an embedding has no vector for a number.
        """
        outputs = self._outputs(cells)
        return self.preprocessing.values(outputs), self.preprocessing.deviations(outputs)

    def probabilities(self, cells: np.ndarray) -> Tensor:
        """Return the probability of each class, in the order of `preprocessing.classes`, or of each label.

        Shapes: cells (rows, features) float32; returns (rows, classes) or (rows, labels) float32.
        """
        logits = self._outputs(cells)
        if self.preprocessing.temperature != 1.0:
            logits = logits / self.preprocessing.temperature
        if self.preprocessing.task == "multilabel":
            return torch.sigmoid(logits)
        if self.preprocessing.task == "binary":
            second = torch.sigmoid(logits[:, 0])
            return torch.stack([1 - second, second], 1)
        return torch.softmax(logits, 1)

    def _outputs(self, cells: np.ndarray) -> Tensor:
        """Return what the model answers, block by block where it is linear layers alone.

        No block is small: the bits of a row are those of all rows at once.
        """
        if self.multiplications and len(cells) >= 2 * BLOCK_ROWS:
            return torch.cat([self._of_block(block) for block in np.array_split(cells, len(cells) // BLOCK_ROWS)])
        return self._of_block(cells)

    def _of_block(self, cells: np.ndarray) -> Tensor:
        features = self.preprocessing.features(cells).reshape(-1, *self.shape)
        try:
            outputs = self.forward(features)
        except IndexError as error:  # an embedding among the layers has no vector for such a number
            detail = "has a number without a vector in the model's embedding: below 0 or above the largest in training"
            raise InvalidRequest([Fault("#", "out_of_range", detail)]) from error
        return outputs
