"""From a resolved spec and its data to everything a training is made of."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from services.adjustments import Adjustment
from services.columns import TableInfo
from services.specs.resolve.memory import IN_MEMORY_BYTES
from services.specs.schema.job import JobSpec
from services.specs.schema.monitor import EarlyStopping
from services.training.baseline import constant_outputs, measured_baseline
from services.training.initial_weights import begin_with, stored_weights
from services.training.input.block_batches import BLOCK_ROWS, BlockBatches
from services.training.input.examples import Examples, examples
from services.training.input.plugin_data import Opened
from services.training.loop.best import Best, Patience
from services.training.loop.evaluation import Evaluation
from services.training.loop.metrics import metric
from services.training.loop.optimizers import optimizer
from services.training.loop.progress import Progress
from services.training.loop.rank_group import RankGroup
from services.training.loop.schedulers import Schedule
from services.training.loop.step_choice import StepParts, stepping
from services.training.loop.training import Training
from services.training.loop.watch import check
from services.training.losses import amounts, cost_function, weighs
from services.training.models import MODELS

MAX_KEPT_STEPS = 100_000  #: a job with more steps keeps no batch costs unless it says so
MEMBERS = {"tabm"}  #: models that are several nets, trained side by side


def settle_process() -> None:
    """Set what holds for a process that does nothing but train."""
    # Moments of units that no longer learn fade to numbers below 1e-38, which a processor takes a fifth longer for.
    torch.set_flush_denormal(True)


def build(
    spec: JobSpec,
    info: TableInfo,
    source: np.ndarray | Opened,
    *,
    last: bytes | None,
    stop_requested: Callable[[], str | None],
    init: bytes | None = None,
    group: RankGroup | None = None,
) -> Training:
    """Return a training that begins at the start, with the weights in `init` if given, or where `last` was stored.

    `source` is a table, (rows, columns) float32, or a plug-in's Dataset; `group` are the processes that share batches.
    Raises: CheckpointCorrupt when `last` can't be read; ShapeMismatch when the weights in `init` do not fit;
    PluginError.
    """
    torch.set_num_threads(spec.threads)  # the bits depend on it
    torch.use_deterministic_algorithms(spec.deterministic)
    device = torch.device(spec.device)
    stored = stored_weights(last or init) if spec.init_from else {}
    read = examples(spec, info, source, stored)
    # Right before the model, so that the first weights are those of anybody's plain loop with this seed.
    torch.manual_seed(spec.seed or 0)
    model = MODELS[spec.model.type](spec.model, read.inputs, read.preprocessing.outputs).to(device)
    if spec.init_from and last is None:
        begin_with(model, stored, strict=spec.init_from.strict)
    training = _joined(spec, read, model, stop_requested, group)
    training.adjustments += _adjustments(training)
    if last is not None:
        training.resume(last)
    return training


def _joined(
    spec: JobSpec,
    read: Examples,
    model: nn.Module,
    stop_requested: Callable[[], str | None],
    group: RankGroup | None,
) -> Training:
    device = torch.device(spec.device)
    members = spec.model.type in MEMBERS
    costs = cost_function(spec.loss, read.counts, weighted=read.weighted, members=members).to(device)
    update = optimizer(spec.optimizer, model.parameters())
    steps = len(read.train) * spec.epochs
    schedule = Schedule(spec.scheduler, update, epochs=spec.epochs, steps=steps, mode=str(spec.monitor.mode))
    scaler = GradScaler(device.type, enabled=spec.precision == "fp16")
    features, targets = next(iter(read.train(1, 0)))
    sample = features.to(device), targets.to(device)
    return Training(
        spec=spec,
        model=model,
        optimizer=update,
        schedule=schedule,
        scaler=scaler,
        stepping=stepping(spec, StepParts(model, costs, update, schedule, scaler, group), sample=sample, steps=steps),
        group=group,
        train_batches=read.train,
        validation=_evaluation(spec, read, costs, read.validation, stop_requested),
        test=_evaluation(spec, read, costs, read.test, stop_requested),
        train_eval=_evaluation(spec, read, costs, read.train_eval, stop_requested),
        preprocessing=read.preprocessing,
        shape=read.inputs.shape,
        device=device,
        keep_batch_costs=steps <= MAX_KEPT_STEPS if spec.batch_costs == "auto" else spec.batch_costs,
        stop_requested=stop_requested,
        progress=Progress(),
        best=Best(spec.monitor.metric, spec.monitor.mode),
        patience=_patience(spec),
        amounts=partial(amounts, costs) if weighs(costs) else None,
        baseline=_baseline(spec, read, costs),
        warnings=read.warnings,
    )


def _evaluation(
    spec: JobSpec,
    read: Examples,
    costs: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]] | None,
    stop_requested: Callable[[], str | None],
) -> Evaluation | None:
    if batches is None:
        return None
    metrics = {name: metric(name, read.preprocessing.task, read.preprocessing.outputs) for name in spec.metrics}
    return Evaluation(
        costs,
        batches,
        metrics,
        read.preprocessing,
        read.weighted,
        torch.device(spec.device),
        lambda: check(stop_requested),
    )


def _adjustments(training: Training) -> list[Adjustment]:
    """Return what is done otherwise than for most jobs, and why."""
    found = []
    if training.stepping.wanted != training.stepping.kind:
        found.append(Adjustment("step", training.stepping.wanted, training.stepping.kind, training.stepping.why))
    if isinstance(training.train_batches, BlockBatches):
        why = (
            f"The table is larger than {IN_MEMORY_BYTES >> 20} MiB: its rows are read in blocks of {BLOCK_ROWS}, that "
            "are mixed in a buffer, and scaling is learnt from a sample."
        )
        found.append(Adjustment("loader", "memory", "blocks", why))
    return found


def _baseline(spec: JobSpec, read: Examples, costs: nn.Module) -> dict[str, Any] | None:
    if read.targets is None:
        return None
    on_training = read.validation is None or spec.monitor.metric.startswith("train_")
    rows = read.train(1, 0) if on_training else read.validation
    measure = _evaluation(spec, read, costs, rows, lambda: None)
    outputs = constant_outputs(read.preprocessing, read.targets, costs, weighted=read.weighted)
    return measured_baseline(spec, outputs, measure, "training" if on_training else "validation") if measure else None


def _patience(spec: JobSpec) -> Patience | None:
    stopping = spec.early_stopping
    if not isinstance(stopping, EarlyStopping):
        return None
    return Patience(
        spec.monitor.metric, str(spec.monitor.mode), stopping.patience, stopping.min_delta, stopping.min_epochs
    )
