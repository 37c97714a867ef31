"""From a resolved spec and a table to everything a training is made of."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from services.specs.columns import TableInfo
from services.specs.features import tensor_shape
from services.specs.job import JobSpec
from services.specs.validating import EarlyStopping
from services.training.best import Best, Patience
from services.training.encoding import Encoding
from services.training.evaluating import Evaluation
from services.training.losses import Counts, cost_function
from services.training.metrics import metric
from services.training.models import MODELS
from services.training.models.bins import bins_like
from services.training.models.embedding import embeds
from services.training.models.inputs import Inputs
from services.training.optimizers import optimizer
from services.training.progress import Progress
from services.training.reading import to_learn_from, to_measure, to_train_on
from services.training.schedulers import Schedule
from services.training.splitting import split
from services.training.stepping import stepping
from services.training.training import Training
from services.training.warm_start import begin_with, stored_weights
from services.training.watch import look

MAX_KEPT_STEPS = 100_000  #: a job with more steps keeps no batch costs unless it says so
MEMBERS = {"tabm"}  #: models that are several nets, trained side by side


def build(
    spec: JobSpec,
    info: TableInfo,
    table: np.ndarray,
    *,
    last: bytes | None,
    wish: Callable[[], str | None],
    init: bytes | None = None,
) -> Training:
    """Return a training that begins at the start, with the weights in `init` if given, or where `last` was stored.

    Shapes: table (rows, columns) float32.
    Raises: CheckpointCorrupt when `last` can't be read; ShapeMismatch when the weights in `init` do not fit.
    """
    torch.set_num_threads(spec.threads)  # the bits depend on it
    torch.use_deterministic_algorithms(spec.deterministic)
    device = torch.device(spec.device)
    parts = split(spec, info, table)
    seed = spec.seed or 0
    cells = to_learn_from(table, parts.train, seed)
    encode = Encoding.fitted(spec, info, cells, tensor_shape(spec))
    encoded = encode(cells)
    batches = to_train_on(
        table,
        parts.train,
        encode,
        encoded,
        _batch_size(spec, len(parts.train)),
        seed=seed,
        shuffle=spec.shuffle,
        drop_last=spec.drop_last,
    )
    # Right before the model, so that the first weights are those of anybody's plain loop with this seed.
    torch.manual_seed(seed)
    stored = stored_weights(last or init) if spec.init_from else {}
    inputs = _inputs(spec, encode, encoded[0], stored)
    model = MODELS[spec.model.type](spec.model, inputs, encode.preprocessing.outputs).to(device)
    if spec.init_from and last is None:
        begin_with(model, stored, strict=spec.init_from.strict)
    costs = _cost_function(spec, encode, encoded[1]).to(device)
    descent = optimizer(spec.optimizer, model.parameters())
    steps = len(batches) * spec.epochs
    schedule = Schedule(spec.scheduler, descent, epochs=spec.epochs, steps=steps, mode=str(spec.monitor.mode))
    scaler = GradScaler(device.type, enabled=spec.precision == "fp16")
    sample = next(iter(batches(1, 0)))
    training = Training(
        spec=spec,
        model=model,
        optimizer=descent,
        schedule=schedule,
        scaler=scaler,
        stepping=stepping(
            spec,
            model,
            costs,
            descent,
            schedule,
            scaler,
            sample=(sample[0].to(device), sample[1].to(device)),
            steps=steps,
        ),
        train_batches=batches,
        validation=_evaluation(spec, encode, costs, table, parts.validation, wish),
        test=_evaluation(spec, encode, costs, table, parts.test, wish),
        train_eval=_evaluation(spec, encode, costs, table, parts.train, wish, encoded)
        if spec.validation.train_eval
        else None,
        preprocessing=encode.preprocessing,
        shape=encode.shape,
        device=device,
        keep_batch_costs=steps <= MAX_KEPT_STEPS if spec.batch_costs == "auto" else spec.batch_costs,
        wish=wish,
        progress=Progress(),
        best=Best(spec.monitor.metric, spec.monitor.mode),
        patience=_patience(spec),
    )
    if last is not None:
        training.resume(last)
    return training


def _inputs(spec: JobSpec, encode: Encoding, features: Tensor, stored: dict[str, Tensor]) -> Inputs:
    numbers, bins = len(encode.preprocessing.numbers), None
    if len(encode.shape) == 1 and embeds(getattr(spec.model, "number_embedding", None), numbers):
        # The weights of an embedding belong to its bins: who starts from them takes the bins along.
        learnt = bins_like(stored)
        bins = learnt if learnt and len(learnt) == numbers else encode.preprocessing.bins(features)
    return Inputs(encode.shape, encode.preprocessing.task, numbers, bins)


def _batch_size(spec: JobSpec, rows: int) -> int:
    return rows if spec.batch_size == "full" else int(spec.batch_size)


def _cost_function(spec: JobSpec, encode: Encoding, targets: Tensor) -> nn.Module:
    counts = Counts(len(targets), encode.class_counts(targets))
    return cost_function(spec.loss, counts, weighted=encode.weighted, members=spec.model.type in MEMBERS)


def _evaluation(
    spec: JobSpec,
    encode: Encoding,
    costs: nn.Module,
    table: np.ndarray,
    rows: np.ndarray,
    wish: Callable[[], str | None],
    encoded: tuple[Tensor, Tensor] | None = None,
) -> Evaluation | None:
    if not len(rows):
        return None
    metrics = {name: metric(name, encode.preprocessing.task, encode.preprocessing.outputs) for name in spec.metrics}
    return Evaluation(
        costs,
        to_measure(table, rows, encode, spec.validation.rows, encoded),
        metrics,
        encode.preprocessing,
        encode.weighted,
        torch.device(spec.device),
        lambda: look(wish),
    )


def _patience(spec: JobSpec) -> Patience | None:
    stopping = spec.early_stopping
    if not isinstance(stopping, EarlyStopping):
        return None
    return Patience(
        spec.monitor.metric, str(spec.monitor.mode), stopping.patience, stopping.min_delta, stopping.min_epochs
    )
