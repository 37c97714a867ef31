"""From a table's rows to a net's tensors: features, and targets with the weights of the rows beside them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.columns import TableInfo
from services.specs.schema.job import JobSpec
from services.training.input.preprocessing import Preprocessing


@dataclass(frozen=True)
class Encoding:
    """Which cells of a row become what."""

    preprocessing: Preprocessing
    features: list[int]  #: positions of columns
    targets: list[int]
    weight: int | None
    weight_factor: float  #: makes the mean weight of the training rows 1
    shape: tuple[int, ...]  #: of one row's features

    @classmethod
    def fitted(cls, spec: JobSpec, info: TableInfo, cells: np.ndarray, shape: tuple[int, ...] | None) -> "Encoding":
        """Learn from training rows what there is to learn.

        Shapes: cells (rows, columns) float32.
        """
        preprocessing = Preprocessing.fitted(spec, info, cells)
        at = {name: n for n, name in enumerate(info.names)}
        weight, factor = None, 1.0
        if spec.data.weight is not None:
            weight = at[spec.data.weight]
            factor = 1.0 / max(float(cells[:, weight].mean(dtype=np.float64)), 1e-30)
        features, targets = [at[name] for name in spec.data.inputs], [at[name] for name in spec.data.targets]
        return cls(preprocessing, features, targets, weight, factor, shape or (preprocessing.width,))

    @property
    def weighted(self) -> bool:
        """Whether the targets' last column is the weight of each row."""
        return self.weight is not None

    def __call__(self, cells: np.ndarray) -> tuple[Tensor, Tensor]:
        """Return the features and targets of rows.

        Shapes: cells (rows, columns) float32; features (rows, *shape) float32; targets (rows, ...), see Preprocessing.
        """
        features = self.preprocessing.features(_columns(cells, self.features)).reshape(-1, *self.shape)
        targets = self.preprocessing.encoded_targets(_columns(cells, self.targets))
        if self.weight is None:
            return features, targets
        weights = torch.from_numpy(cells[:, self.weight] * np.float32(self.weight_factor))[:, None]
        return features, torch.cat([targets.reshape(len(cells), -1).float(), weights], 1)

    def class_counts(self, targets: Tensor) -> list[int]:
        """Return how many rows each class has; of two classes the second, of labels each; [] for a regression."""
        wanted = targets[:, :-1] if self.weighted else targets
        task = self.preprocessing.task
        if task == "regression":
            return []
        if task == "multiclass":
            counts = torch.bincount(wanted.reshape(-1).long(), minlength=self.preprocessing.outputs)
            return [int(n) for n in counts]
        return [int(n) for n in wanted.sum(0)]


def _columns(cells: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Return some columns: without a copy where they stand side by side, as they mostly do."""
    if chosen == list(range(chosen[0], chosen[0] + len(chosen))):
        return cells[:, chosen[0] : chosen[0] + len(chosen)]
    return cells[:, chosen]
