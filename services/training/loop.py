"""The mini-batch loop: epochs, batches, costs. No data base, no queue, no clock but a stopwatch."""

import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from services.costs import EpochCosts
from services.training.metrics import Metric
from services.training.progress import Progress

Batches = Iterable[tuple[Tensor, Tensor]]
Step = Callable[[Tensor, Tensor], Tensor]
CostFunction = Callable[[Tensor, Tensor], Tensor]


def fit(
    model: nn.Module,
    cost_function: CostFunction,
    step: Step,
    train_batches: Callable[[int, int], Batches],
    valid_batches: Batches | None,
    metrics: dict[str, Metric],
    *,
    epochs: int,
    progress: Progress,
    device: torch.device,
    lr: float,
    keep_batch_costs: bool,
) -> Iterator[EpochCosts]:
    """Train, and pause after every epoch to hand over its costs.

    Stop asking for the next epoch and the training stops. While paused, the model holds the weights that gave the
    validation cost, so that is the moment to copy them. `train_batches(epoch, done)` gives the batches of an epoch
    without the first `done`; `progress` says where to begin and is kept true between any two batches.
    """
    for epoch in range(progress.epochs_done + 1, epochs + 1):
        began = time.perf_counter()
        train_one_epoch(model, step, train_batches(epoch, len(progress.batch_costs)), progress, device)
        valid_cost = None
        measured: dict[str, float] = {}
        if valid_batches is not None:
            valid_cost, measured = mean_cost(model, cost_function, valid_batches, metrics, device)
        seconds = progress.seconds_of_epoch + time.perf_counter() - began
        costs, sizes = progress.close_epoch(seconds)
        yield EpochCosts(
            epoch=epoch,
            steps=progress.steps_done,
            # Decision: the float64 mean of the float32 costs of the batches, since the last batch may be smaller.
            train_cost=float(np.average(costs.astype(np.float64), weights=sizes)),
            val_cost=valid_cost,
            lr=lr,
            seconds=seconds,
            rows_per_second=sum(sizes) / max(seconds, 1e-9),
            metrics=measured,
            batch_costs=costs.astype("<f4").tobytes() if keep_batch_costs else None,
        )


def train_one_epoch(model: nn.Module, step: Step, batches: Batches, progress: Progress, device: torch.device) -> None:
    """Take one optimizer step per mini-batch and note its cost.

    Shapes: features (batch, inputs), targets (batch, ...), each cost () = mean over the batch.
    """
    model.train()
    began = time.perf_counter()
    try:
        for features, targets in batches:
            cost = step(features.to(device), targets.to(device))
            # Stays on the device: calling .item() here would make a GPU wait for Python once per batch.
            progress.batch_costs.append(cost)
            progress.batch_sizes.append(len(targets))
            progress.steps_done += 1
    except BaseException:
        progress.seconds_of_epoch += time.perf_counter() - began
        raise


# Not part of `fit`: a generator must never yield inside no_grad, its caller would inherit the mode.
@torch.no_grad()
def mean_cost(
    model: nn.Module, cost_function: CostFunction, batches: Batches, metrics: dict[str, Metric], device: torch.device
) -> tuple[float, dict[str, float]]:
    """Return the mean cost per example in eval mode, and the metrics by name.

    Shapes: as for `train_one_epoch`.
    """
    model.eval()
    costs, sizes = [], []
    running = {name: metric.fresh() for name, metric in metrics.items()}
    for features, targets in batches:
        features, targets = features.to(device), targets.to(device)
        predictions = model(features)
        costs.append(cost_function(predictions, targets))
        sizes.append(len(targets))
        for metric in running.values():
            metric.update(predictions, targets)
    cost = float(np.average(torch.stack(costs).cpu().numpy().astype(np.float64), weights=sizes))
    return cost, {f"val_{name}": metric.compute() for name, metric in running.items()}
