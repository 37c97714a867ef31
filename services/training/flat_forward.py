"""A model's forward as a flat list of calls: the same kernels and bits, without what a module's own call costs.

For one row through a small net, PyTorch's bookkeeping of modules takes longer than the arithmetic.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

Step = Callable[[Tensor], Tensor]


def flat_forward(model: nn.Module) -> Step:
    """Return a function that does what a model in eval mode does. Later changes of its weights in place are seen.

    Shapes: (rows, ...) to (rows, outputs), as the model's.
    """
    steps = _steps(model)
    if len(steps) == 1:
        return steps[0]

    def forward(features: Tensor) -> Tensor:
        for step in steps:
            features = step(features)
        return features

    return forward


def multiplications(model: nn.Module) -> int | None:
    """Return how many numbers a model multiplies for a row; None of one that does more than linear layers and ReLU.

    Shapes: of models that take (rows, features).
    """
    steps = _steps(model)
    if any(isinstance(step, nn.Module) for step in steps):
        return None
    return int(sum(step.args[0].numel() for step in steps if isinstance(step, partial)))


def _steps(module: nn.Module) -> list[Step]:
    if type(module) is nn.Sequential:
        steps = [step for child in module for step in _steps(child)]
        return [_in_place(step, before) for before, step in zip([None, *steps], steps, strict=False)]
    if type(module) is nn.Linear:
        bias = None if module.bias is None else module.bias.detach()
        weight = module.weight.detach()
        return [partial(_linear, weight, weight.t(), bias)]
    if type(module) is nn.ReLU:
        return [torch.relu]
    if type(module) in {nn.Dropout, nn.Identity}:
        return []  # in eval mode they give back what they get
    return [module]


def _in_place(step: Step, before: Step | None) -> Step:
    """Return a step that writes over what a linear layer has made, where it may: new memory takes as long as a ReLU."""
    return torch.relu_ if step is torch.relu and isinstance(before, partial) else step


def _linear(weight: Tensor, transposed: Tensor, bias: Tensor | None, features: Tensor) -> Tensor:
    if features.dim() == 2 and bias is not None:
        return torch.addmm(bias, features, transposed)  # what the next call comes to, once it has looked at all cases
    return functional.linear(features, weight, bias)
