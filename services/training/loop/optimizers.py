"""The optimizers by name: one entry and its spec in `services/specs/schema/optimizers.py` add another."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, optim

#: The names of the parameters are PyTorch's own, so a spec's fields are its arguments.
OPTIMIZERS: dict[str, Callable[..., optim.Optimizer]] = {
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "nadam": optim.NAdam,
    "radam": optim.RAdam,
    "rmsprop": optim.RMSprop,
    "adagrad": optim.Adagrad,
}
FUSED = {"sgd", "adam", "adamw", "adagrad"}  #: these update all parameters in one call


def optimizer(spec: Any, parameters: Iterable[Tensor]) -> optim.Optimizer:
    """Return the optimizer that a spec names."""
    arguments = spec.model_dump(exclude={"type"})
    if "betas" in arguments:
        arguments["betas"] = tuple(arguments["betas"])
    if spec.type in FUSED:
        arguments["fused"] = True
    return OPTIMIZERS[spec.type](parameters, **arguments)
