"""One optimizer step: as every tutorial writes it, and the same arithmetic in other ways."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from services.training.loop.optimizer_update import descent
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
    clip, skip = guards.clip, guards.skip
    rows, precision, scaler = arithmetic.rows, arithmetic.precision, arithmetic.scaler
    device = next(model.parameters()).device.type

    def step(features: Tensor, targets: Tensor) -> Tensor:
        optimizer.zero_grad()
        total = torch.zeros((), device=features.device)
        size, whole = rows or len(features), amounts(cost_function, targets)[0]
        parts = zip(torch.split(features, size), torch.split(targets, size), strict=True)
        for some, wanted in parts:
            with torch.autocast(device, dtype=precision, enabled=precision is not None):
                cost = cost_function(model(some), wanted) * (amounts(cost_function, wanted)[0] / whole)
            torch.autograd.backward(scaler.scale(cost))
            total += cost.detach()
        if skip and skip(total):
            return total
        if clip:
            scaler.unscale_(optimizer)
            clip(model.parameters())
        scaler.step(optimizer)
        scaler.update()
        return total

    return step


def then(step: Step, after: Callable[[], None]) -> Step:
    """Return a step after which something is done."""

    def stepping(features: Tensor, targets: Tensor) -> Tensor:
        cost = step(features, targets)
        after()
        return cost

    return stepping
