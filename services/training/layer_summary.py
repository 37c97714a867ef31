"""What a net is made of, layer by layer, without its weights: built on the device that holds shapes only."""

import re
from typing import Any

import torch
from torch import Tensor, nn

from services.errors import Fault, InvalidRequest
from services.training.models import MODELS
from services.training.models.embedding import EmbeddedCategories, EmbeddedNumbers
from services.training.models.inputs import Inputs
from services.training.models.place import batch_of

BATCH = 2
#: Layers whose name in a spec is not that of the class with underscores.
NAMES: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.SiLU: "silu",
    nn.LeakyReLU: "leaky_relu",
    nn.BatchNorm1d: "batch_norm",
    nn.BatchNorm2d: "batch_norm",
}


def measure(model_spec: Any, inputs: Inputs, outputs: int) -> dict[str, Any]:
    """Return the parameters and shapes of a net, those of one example, layer by layer in the order of the forward.

    Raises: InvalidRequest where a layer can't take what reaches it, or when the net does not give the outputs.
    """
    model = _blank(model_spec, inputs, outputs).eval()
    layers: list[dict[str, Any]] = []

    def note(module: nn.Module, given: tuple[Tensor, ...], result: Tensor) -> None:
        layers.append(
            {
                "type": _name(module),
                "in": list(given[0].shape[1:]),
                "out": list(result.shape[1:]),
                "parameters": _parameters(module),
            }
        )

    for module in _leaves(model):
        module.register_forward_hook(note)
    with torch.no_grad():
        result: Tensor = model(torch.empty(BATCH, *inputs.shape, device="meta"))
    if result.shape != (BATCH, outputs):
        detail = f"gives {batch_of(tuple(result.shape[1:]))}; must give {batch_of((outputs,))}"
        raise InvalidRequest([Fault("#/model", "shape_mismatch", detail)])
    return {
        "parameters": _parameters(model),
        "size_bytes": sum(parameter.nbytes for parameter in model.parameters()),
        "input_shape": list(inputs.shape),
        "output_shape": [outputs],
        "layers": layers,
    }


def shapes(model_spec: Any, inputs: Inputs, outputs: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of everything that a checkpoint of a net holds, by name.

    Raises: InvalidRequest where a layer can't take what reaches it.
    """
    return {name: tuple(tensor.shape) for name, tensor in _blank(model_spec, inputs, outputs).state_dict().items()}


def _blank(model_spec: Any, inputs: Inputs, outputs: int) -> nn.Module:
    with torch.device("meta"):
        model = MODELS[model_spec.type](model_spec, inputs, outputs)
    return model.to("meta")  # embeddings are made where their bins are


def _leaves(module: nn.Module) -> list[nn.Module]:
    children = list(module.children())
    if isinstance(module, EmbeddedNumbers | EmbeddedCategories) or not children:
        return [module]
    return [leaf for child in children for leaf in _leaves(child)]


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _name(module: nn.Module) -> str:
    return NAMES.get(type(module)) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(module).__name__).lower()
