"""Beginning with the weights that another training stored."""

from torch import Tensor, nn

from services.errors import CheckpointCorrupt
from services.training.weights import from_bytes
from services.training_errors import ShapeMismatch, WeightsUnreadable

PREFIX = "model."


def stored_weights(content: bytes | None) -> dict[str, Tensor]:
    """Return the weights in a checkpoint's bytes, by name.

    Raises: WeightsUnreadable.
    """
    if content is None:
        raise WeightsUnreadable("The weights to start from are gone.")
    try:
        tensors, _ = from_bytes(content)
    except CheckpointCorrupt as error:
        raise WeightsUnreadable(f"The weights to start from can't be read. {error.detail}") from error
    return {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}


def begin_with(model: nn.Module, stored: dict[str, Tensor], *, strict: bool) -> None:
    """Give a model the weights that fit it by name and shape; with `strict` they all must.

    Raises: ShapeMismatch. At submit only shapes are known that need no plug-in's code.
    """
    own = model.state_dict()
    fitting = {n: weight for n, weight in stored.items() if n in own and own[n].shape == weight.shape}
    if strict and (len(fitting) < len(own) or len(fitting) < len(stored)):
        odd = sorted((own.keys() | stored.keys()) - fitting.keys())
        raise ShapeMismatch(f"The weights to start from do not fit: {', '.join(odd[:5])}.", pointer="#/init_from")
    model.load_state_dict(fitting, strict=False)
