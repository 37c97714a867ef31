"""Parts of the rows in which no row has a weight: their cost is 0 / 0, which is known before anything is trained."""

import numpy as np

from services.columns import TableInfo
from services.specs.schema.job import JobSpec
from services.training.input.split import Parts
from services.training_errors import NoBestEpoch, TrainingFailed

POINTER = "#/data/weight"


def check_weights(spec: JobSpec, info: TableInfo, table: np.ndarray, parts: Parts) -> None:
    """Refuse to train on rows, or to choose the best epoch by rows, that all weigh nothing.

    Shapes: table (rows, columns) float32.
    Raises: TrainingFailed; NoBestEpoch.
    """
    if spec.data.weight is None:
        return
    weighs = np.asarray(table[:, info.names.index(spec.data.weight)]) > 0
    if not weighs[parts.train].any():
        detail = f"There is nothing to learn from: no training row has a weight above 0 in {spec.data.weight!r}."
        raise TrainingFailed(detail, pointer=POINTER, hint="Split the rows in another way.", retryable=False)
    if spec.monitor.metric == "val_cost" and not weighs[parts.validation].any():
        detail = f"None could be the best epoch: no validation row has a weight above 0 in {spec.data.weight!r}."
        hint = "Split the rows in another way, or monitor train_cost."
        raise NoBestEpoch(detail, pointer=POINTER, hint=hint, retryable=False)
