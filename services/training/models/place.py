"""Where in a net of one's own a layer stands, and what it says when it does not fit there."""

from dataclasses import dataclass
from typing import Any

from services.errors import Fault, InvalidRequest

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """A layer's place: its pointer, the shape of one example that reaches it, and the outputs of the whole net."""

    pointer: str
    shape: Shape
    outputs: int

    def misfit(self, why: str, field: str = "", suggestion: Any = None, hint: str | None = None) -> InvalidRequest:
        """Return the fault of a layer, or of one of its fields, that can't take what reaches it."""
        pointer = f"{self.pointer}/{field}" if field else self.pointer
        detail = f"gets {batch_of(self.shape)}, {why}"
        return InvalidRequest([Fault(pointer, "shape_mismatch", detail, suggestion=suggestion, hint=hint)])


def batch_of(shape: Shape) -> str:
    """Return the shape of a batch of examples in words."""
    return f"({', '.join(['batch', *map(str, shape)])})"


def needs_tensor(model: str, shape: Shape, wanted: str) -> Fault:
    """Return the fault of a model that features of this shape can't go into."""
    example = [1, 28, 28] if "height" in wanted else [2, 12]
    detail = f"gets features of shape ({', '.join(map(str, shape))}) for each example; {model} needs {wanted}"
    hint = f'give one feature column as a tensor: "columns": {{"name": {{"type": "tensor", "shape": {example}}}}}'
    return Fault("#/model", "shape_mismatch", detail, suggestion="mlp", hint=hint)
