"""From a resolved spec and a table to everything a training is made of."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from services.specs.columns import TableInfo
from services.specs.job import EarlyStopping, JobSpec
from services.training.best import Best, Patience
from services.training.data import EpochOrder, Rows, TrainBatches, validation_batches
from services.training.losses import LOSSES
from services.training.metrics import metric
from services.training.models import MODELS
from services.training.optimizers import optimizer
from services.training.preprocessing import Preprocessing
from services.training.progress import Progress
from services.training.splitting import split
from services.training.step import plain_step
from services.training.training import Training

MAX_KEPT_STEPS = 100_000  #: a job with more steps keeps no batch costs


def build(
    spec: JobSpec, info: TableInfo, table: np.ndarray, *, last: bytes | None, wish: Callable[[], str | None]
) -> Training:
    """Return a training that begins at the start, or where the state in `last` was stored.

    Shapes: table (rows, columns) float32.
    Raises: CheckpointCorrupt when `last` can't be read.
    """
    torch.set_num_threads(spec.threads)  # the bits depend on it
    device = torch.device(spec.device)
    train, valid = split(spec, info, table)
    preprocessing = Preprocessing.fitted(spec, info, table, train)
    rows = _rows(preprocessing, info, table, train)
    model_inputs = rows.features.shape[1]
    outputs = _outputs(preprocessing)
    # Right before the model, so that the first weights are those of anybody's plain loop with this seed.
    torch.manual_seed(spec.seed or 0)
    model = MODELS[spec.model.type](spec.model, model_inputs, outputs).to(device)
    cost_function = LOSSES[spec.loss.type](spec.loss)  # type: ignore[union-attr]
    descent = optimizer(spec.optimizer, model.parameters())
    batch_size = len(rows) if spec.batch_size == "full" else int(spec.batch_size)
    order = EpochOrder(len(rows), batch_size, seed=spec.seed or 0, shuffle=spec.shuffle, drop_last=spec.drop_last)
    training = Training(
        spec=spec,
        model=model,
        cost_function=cost_function,
        optimizer=descent,
        step=plain_step(model, cost_function, descent),
        train_batches=TrainBatches(rows, order),
        valid_batches=validation_batches(_rows(preprocessing, info, table, valid)) if len(valid) else None,
        metrics={name: metric(name, preprocessing.units) for name in spec.metrics},
        preprocessing=preprocessing,
        device=device,
        steps_per_epoch=len(order),
        keep_batch_costs=len(order) * spec.epochs <= MAX_KEPT_STEPS,
        wish=wish,
        progress=Progress(),
        best=Best(spec.monitor.metric, spec.monitor.mode),
        patience=_patience(spec),
    )
    if last is not None:
        training.resume(last)
    return training


def _patience(spec: JobSpec) -> Patience | None:
    stopping: Any = spec.early_stopping
    if not isinstance(stopping, EarlyStopping):
        return None
    return Patience(spec.monitor.metric, spec.monitor.mode, stopping.patience, stopping.min_delta)


def _outputs(preprocessing: Preprocessing) -> int:
    if preprocessing.task == "multiclass":
        return len(preprocessing.classes or [])
    return 1 if preprocessing.task == "binary" else len(preprocessing.targets)


def _rows(preprocessing: Preprocessing, info: TableInfo, table: np.ndarray, rows: np.ndarray) -> Rows:
    inputs = [info.names.index(column.name) for column in preprocessing.inputs]
    targets = [info.names.index(name) for name in preprocessing.targets]
    cells = np.asarray(table[rows])
    return Rows(preprocessing.features(cells[:, inputs]), preprocessing.encoded_targets(cells[:, targets]))
