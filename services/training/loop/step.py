"""One optimizer step: as every tutorial writes it, and the same arithmetic in other ways."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from services.training.loop.optimizer_update import descent
from services.training.loop.rank_group import RankGroup
from services.training.loop.trace import Replay, traced
from services.training.losses import amounts

#: features, targets -> the batch's cost, ()
Step = Callable[[Tensor, Tensor], Tensor]
CostFunction = Callable[[Tensor, Tensor], Tensor]
#: Bounds the gradients of the parameters in place.
Clip = Callable[[Iterable[Tensor]], object]
#: Says of a batch's cost whether to leave the step out.
Skip = Callable[[Tensor], bool]


@dataclass(frozen=True)
class Guards:
    """What stands between a batch and a bad update: a bound of the gradient, and costs that are skipped."""

    clip: Clip | None = None
    skip: Skip | None = None


NO_GUARDS = Guards()


@dataclass(frozen=True)
class Arithmetic:
    """In how many parts and in which precision a batch is computed."""

    rows: int | None  #: that go through the model at once; None: the batch
    precision: torch.dtype | None  #: None: float32
    scaler: GradScaler


@dataclass(frozen=True)
class Shared:
    """Among which processes a batch is divided, and how each computes its part."""

    group: RankGroup
    arithmetic: Arithmetic


def plain_step(model: nn.Module, cost_function: CostFunction, optimizer: Optimizer, guards: Guards = NO_GUARDS) -> Step:
    """Return the step of page one of every tutorial. It is the reference for any faster one.

    Shapes: features (batch, ...), targets (batch, ...); returns the batch's cost, ().
    """
    clip, skip = guards.clip, guards.skip

    def step(features: Tensor, targets: Tensor) -> Tensor:
        optimizer.zero_grad()
        predictions = model(features)
        cost = cost_function(predictions, targets)
        if skip and skip(cost):
            return cost.detach()
        torch.autograd.backward(cost)
        if clip:
            clip(model.parameters())
        optimizer.step()
        return cost.detach()

    return step


def traced_step(
    model: nn.Module, cost_function: CostFunction, optimizer: Optimizer, guards: Guards = NO_GUARDS
) -> Step:
    """Return the same step from calls that were written down at the first batch of each shape.

    Shapes and values: as `plain_step`'s.
    Raises, at such a batch: whatever the model's code raises when it can't be traced.
    """
    clip, skip = guards.clip, guards.skip
    parameters = list(model.parameters())
    replays: dict[tuple[torch.Size, torch.Size], Replay] = {}
    descend = descent(optimizer)

    def step(features: Tensor, targets: Tensor) -> Tensor:
        shape = features.shape, targets.shape
        if shape not in replays:
            replays[shape] = traced(model, cost_function, features, targets)
        cost, *gradients = replays[shape](features, targets)
        if skip and skip(cost):
            return cost
        if clip:
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            clip(parameters)
        descend(gradients)
        return cost

    return step


def accumulating_step(
    model: nn.Module, cost_function: CostFunction, optimizer: Optimizer, guards: Guards, arithmetic: Arithmetic
) -> Step:
    """Return a step that takes a batch in parts of so many rows, or computes in another precision, or both.

    The gradient is that of the whole batch, up to rounding. The scaler keeps small gradients of fp16 from vanishing.
    """
    clip, skip, scaler = guards.clip, guards.skip, arithmetic.scaler

    def step(features: Tensor, targets: Tensor) -> Tensor:
        optimizer.zero_grad()
        whole = amounts(cost_function, targets)[0]
        total = _accumulated(model, cost_function, (features, targets), whole, arithmetic)
        if skip and skip(total):
            return total
        if clip:
            scaler.unscale_(optimizer)
            clip(model.parameters())
        scaler.step(optimizer)
        scaler.update()
        return total

    return step


def shared_step(
    model: nn.Module, cost_function: CostFunction, optimizer: Optimizer, guards: Guards, shared: Shared
) -> Step:
    """Return a step for which each process of a group computes the gradients of its rows, and rank 0 takes it.

    Gradient and cost are those of the whole batch, up to rounding.

    Raises, at each batch: RankLost.
    """
    clip, skip, group = guards.clip, guards.skip, shared.group
    parameters = list(model.parameters())

    def step(features: Tensor, targets: Tensor) -> Tensor:
        optimizer.zero_grad()
        group.begin_batch(parameters)
        whole, own = amounts(cost_function, targets)[0], (group.share(features), group.share(targets))
        cost = group.add_up(_accumulated(model, cost_function, own, whole, shared.arithmetic), parameters)
        if not group.leads or (skip and skip(cost)):
            return cost
        if clip:
            clip(parameters)
        optimizer.step()
        return cost

    return step


def _accumulated(
    model: nn.Module,
    cost_function: CostFunction,
    batch: tuple[Tensor, Tensor],
    whole: float,
    arithmetic: Arithmetic,
) -> Tensor:
    """Add the gradients of some rows of a batch to the parameters'; return what these rows add to its cost, ().

    `whole` is what the batch's cost is multiplied by to be its sum of weight x cost.
    """
    features, targets = batch
    total = torch.zeros((), device=features.device)
    if not len(features):
        return total
    size, precision = arithmetic.rows or len(features), arithmetic.precision
    for some, wanted in zip(torch.split(features, size), torch.split(targets, size), strict=True):
        amount = amounts(cost_function, wanted)[0]
        with torch.autocast(features.device.type, dtype=precision, enabled=precision is not None):
            cost = cost_function(model(some), wanted) * (amount / whole)
        torch.autograd.backward(arithmetic.scaler.scale(cost))
        total += cost.detach()
    return total


def then(step: Step, after: Callable[[], None]) -> Step:
    """Return a step after which something is done."""

    def stepping(features: Tensor, targets: Tensor) -> Tensor:
        cost = step(features, targets)
        after()
        return cost

    return stepping
