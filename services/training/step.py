"""One optimizer step."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.optim import Optimizer


def plain_step(
    model: nn.Module, cost_function: Callable[[Tensor, Tensor], Tensor], optimizer: Optimizer
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the step of page one of every tutorial. It is the reference for any faster one.

    Shapes: features (batch, inputs), targets (batch, ...); returns the batch's cost, ().
    """

    def step(features: Tensor, targets: Tensor) -> Tensor:
        optimizer.zero_grad()
        predictions = model(features)
        cost = cost_function(predictions, targets)
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return cost.detach()

    return step
