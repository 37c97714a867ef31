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

    Of each row, `kept_bytes` is what the layers keep for the way back, `passing_bytes` the most that a layer gets and
    gives, `operations` how many multiplications take it forward.
    Raises: InvalidRequest where a layer can't take what reaches it, or when the net does not give the outputs.
    """
    model = _blank(model_spec, inputs, outputs).train()
    model.training = False  # of the net as a whole: side by side, members answer together
    layers: list[dict[str, Any]] = []
    kept = _Kept(model)
    widest = operations = before = 0

    def note(module: nn.Module, given: tuple[Tensor, ...], result: Tensor) -> None:
        nonlocal widest, operations, before
        # What a layer of several parts makes on its way is about what it keeps of it.
        inside = kept.row_bytes - before if list(module.children()) else 0
        widest = max(widest, (given[0].nbytes + result.nbytes) // BATCH + inside)
        before = kept.row_bytes
        steps = given[0].shape[-1] if isinstance(module, nn.RNNBase) else 1
        operations += steps * _operations(module, result.numel() // BATCH)
        layers.append(_layer(module, given[0], result))

    for module in _leaves(model):
        module.register_forward_hook(note)
    with torch.autograd.graph.saved_tensors_hooks(kept.note, lambda tensor: tensor):
        result: Tensor = model(torch.empty(BATCH, *inputs.shape, device="meta"))
    if result.shape != (BATCH, outputs):
        detail = f"gives {batch_of(tuple(result.shape[1:]))}; must give {batch_of((outputs,))}"
        raise InvalidRequest([Fault("#/model", "shape_mismatch", detail)])
    return {
        "parameters": _parameters(model),
        "size_bytes": sum(parameter.nbytes for parameter in model.parameters()),
        "kept_bytes": kept.row_bytes,
        "passing_bytes": widest,
        "operations": operations,
        "input_shape": list(inputs.shape),
        "output_shape": [outputs],
        "layers": layers,
    }


def _layer(module: nn.Module, given: Tensor, result: Tensor) -> dict[str, Any]:
    return {
        "type": _name(module),
        "in": list(given.shape[1:]),
        "out": list(result.shape[1:]),
        "parameters": _parameters(module),
    }


class _Kept:
    """What a forward keeps for the way back, the model's own weights left out. A view shares the storage it is of."""

    def __init__(self, model: nn.Module) -> None:
        self.own = {_storage(tensor) for tensor in (*model.parameters(), *model.buffers())}
        self.found: dict[int, int] = {}

    def note(self, tensor: Tensor) -> Tensor:
        """Take in what is kept, and return it as it is."""
        if (storage := _storage(tensor)) not in self.own:
            self.found[storage] = tensor.untyped_storage().nbytes()
        return tensor

    @property
    def row_bytes(self) -> int:
        """Of each row of the batch."""
        return sum(self.found.values()) // BATCH


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


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _operations(module: nn.Module, outputs: int) -> int:
    """Return the multiplications that one row takes: of a matrix or a kernel one each for every input of an output."""
    weight = getattr(module, "weight", None)
    if isinstance(module, nn.Embedding) or not isinstance(weight, Tensor) or weight.ndim < 2:
        return outputs if isinstance(module, nn.Embedding | EmbeddedCategories) else max(outputs, _parameters(module))
    inputs = weight[0].numel()
    return outputs * inputs if weight.ndim == 2 or hasattr(module, "stride") else weight.numel()


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _name(module: nn.Module) -> str:
    return NAMES.get(type(module)) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(module).__name__).lower()
