"""The mini-batch loop: epochs, batches, costs. No data base, no queue, no clock but a stopwatch."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.costs import EpochCosts
from services.training.loop.evaluation import Evaluation
from services.training.loop.progress import Progress
from services.training.loop.schedulers import Schedule
from services.training.loop.step import Step

Batches = Iterable[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Learner:
    """A model and how it learns."""

    model: nn.Module
    step: Step
    schedule: Schedule
    device: torch.device
    amounts: Callable[[Tensor], tuple[float, float]] | None = None  #: what a batch counts by, where rows have weights


@dataclass(frozen=True)
class Measurements:
    """What is measured of an epoch, and when."""

    monitor: str
    validation: Evaluation | None = None
    train_eval: Evaluation | None = None
    every_epochs: int = 1
    finite_only: bool = False  #: leave costs that are not finite out of the mean
    keep_batch_costs: bool = False


def fit(
    learner: Learner,
    train_batches: Callable[[int, int], Batches],
    measurements: Measurements,
    progress: Progress,
    epochs: int,
) -> Iterator[EpochCosts]:
    """Train, and pause after every epoch to hand over its costs.

    Stop asking for the next epoch and the training stops. While paused, the model holds the weights that gave the
    validation cost, so that is the moment to copy them. `train_batches(epoch, done)` gives the batches of an epoch
    without the first `done`; `progress` says where to begin and is kept true between any two batches.
    """
    schedule = learner.schedule
    for epoch in range(progress.epochs_done + 1, epochs + 1):
        began, lr = time.perf_counter(), progress.open_epoch(schedule.lr)
        train_one_epoch(learner, train_batches(epoch, len(progress.batch_costs)), progress)
        is_measured = epoch % measurements.every_epochs == 0 or epoch == epochs
        valid_cost, measured = _measured(learner.model, measurements) if is_measured else (None, {})
        seconds = progress.seconds_of_epoch + time.perf_counter() - began
        batch_costs, sizes, weighted = progress.close_epoch(seconds)
        amounts = weighted or [(n, n) for n in sizes]
        costs = EpochCosts(
            epoch=epoch,
            steps=progress.steps_done,
            train_cost=_mean(batch_costs, amounts, finite_only=measurements.finite_only),
            val_cost=valid_cost,
            lr=lr,
            seconds=seconds,
            rows_per_second=sum(sizes) / max(seconds, 1e-9),
            metrics=measured,
            batch_costs=batch_costs.astype("<f4").tobytes() if measurements.keep_batch_costs else None,
        )
        schedule.after_epoch(costs.value(measurements.monitor))
        yield costs


def train_one_epoch(learner: Learner, batches: Batches, progress: Progress) -> None:
    """Take one optimizer step per mini-batch and note its cost.

    Shapes: features (batch, ...), targets (batch, ...), each cost () = mean over the batch.
    """
    step, device, amounts = learner.step, learner.device, learner.amounts
    learner.model.train()
    began = time.perf_counter()
    try:
        for features, targets in batches:
            cost = step(features.to(device, non_blocking=True), targets.to(device, non_blocking=True))
            # Stays on the device: calling .item() here would make a GPU wait for Python once per batch.
            progress.batch_costs.append(cost)
            progress.batch_sizes.append(len(targets))
            if amounts:
                progress.batch_amounts.append(amounts(targets))
            progress.steps_done += 1
    except BaseException:
        progress.seconds_of_epoch += time.perf_counter() - began
        raise


def _measured(model: nn.Module, measurements: Measurements) -> tuple[float | None, dict[str, Any]]:
    """Return the cost on the validation rows, and everything else that is measured."""
    valid_cost: float | None = None
    measured: dict[str, Any] = {}
    if measurements.validation is not None:
        valid_cost, found = measurements.validation(model)
        measured |= {f"val_{name}": value for name, value in found.items()}
    if measurements.train_eval is not None:
        measured["train_eval_cost"], found = measurements.train_eval(model)
        measured |= {f"train_{name}": value for name, value in found.items()}
    return valid_cost, measured


def _mean(costs: np.ndarray, amounts: Sequence[tuple[float, float]], *, finite_only: bool) -> float:
    """Return sum(weight x cost) / sum(weight): the float64 mean of the float32 costs, since a batch may be smaller."""
    exact, parts = costs.astype(np.float64), np.asarray(amounts)
    if finite_only and (finite := np.isfinite(exact)).any():
        exact, parts = exact[finite], parts[finite]
    weight = parts[:, 1].sum()
    return float((exact * parts[:, 0]).sum() / weight) if weight else math.nan
