"""An optimizer's update as one call of its kernel, without the Python around it that a small net waits for."""

from collections.abc import Callable

import torch
from torch import Tensor, optim

#: Takes the gradients in the order of the parameters and changes the parameters.
Descend = Callable[[list[Tensor]], None]


def descent(optimizer: optim.Optimizer) -> Descend:
    """Return the optimizer's step as a function of the gradients: the same arithmetic on the same state.

    The state stays the optimizer's own, and its first step makes it, so a checkpoint is written and read as ever.
    """
    group = optimizer.param_groups[0]
    parameters = group["params"]
    found: list[Callable[[list[Tensor]], None]] = []

    def descend(gradients: list[Tensor]) -> None:
        if found:
            found[0](gradients)
            return
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        kernel = _KERNELS.get(type(optimizer))
        if kernel and group["fused"]:
            found.append(kernel(optimizer, [parameter.detach() for parameter in parameters]))

    return descend


def _states(optimizer: optim.Optimizer, name: str) -> list[Tensor]:
    return [optimizer.state[parameter][name] for parameter in optimizer.param_groups[0]["params"]]


def _sgd(optimizer: optim.Optimizer, parameters: list[Tensor]) -> Descend:
    group = optimizer.param_groups[0]
    momentum = _states(optimizer, "momentum_buffer") if group["momentum"] else []

    def descend(gradients: list[Tensor]) -> None:
        torch._fused_sgd_(
            parameters,
            gradients,
            momentum,
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            lr=group["lr"],
            dampening=0.0,
            nesterov=group["nesterov"],
            maximize=False,
            is_first_step=False,
        )

    return descend


def _adam(optimizer: optim.Optimizer, parameters: list[Tensor]) -> Descend:
    group = optimizer.param_groups[0]
    means, squares, steps = (_states(optimizer, name) for name in ("exp_avg", "exp_avg_sq", "step"))
    kernel: Callable[..., None] = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_

    def descend(gradients: list[Tensor]) -> None:
        torch._foreach_add_(steps, 1)
        kernel(
            parameters,
            gradients,
            means,
            squares,
            [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )

    return descend


_KERNELS: dict[type[optim.Optimizer], Callable[[optim.Optimizer, list[Tensor]], Descend]] = {
    optim.SGD: _sgd,
    optim.Adam: _adam,
    optim.AdamW: _adam,
}
