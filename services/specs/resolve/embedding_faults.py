"""Why an embedding among the layers of one's own net can't look up what reaches it."""

from collections.abc import Iterator, Sequence
from typing import Any

from services.columns import Column, TableInfo
from services.errors import Fault
from services.specs.resolve.features import is_category, options
from services.specs.schema.job import JobSpec
from services.specs.schema.layers import Embedding, Repeat, Residual
from services.specs.schema.models import Layers

MOVING = {"flatten", "unflatten"}  #: layers that leave every value as it is


def embedding_faults(spec: JobSpec, info: TableInfo) -> list[Fault]:
    """Return the faults of each embedding of a spec whose features and scalings are resolved."""
    if not isinstance(spec.model, Layers):
        return []
    faults = []
    for pointer, layer, raw in _embeddings(spec.model.layers, "#/model/layers", raw=True):
        if raw:
            faults += _range_faults(pointer, layer.num, spec, info)
        else:
            detail = "gets the output of other layers; an embedding takes whole numbers from the table"
            faults.append(
                Fault(pointer, "invalid", detail, hint="put it first; only flatten and unflatten may precede")
            )
    return faults


def _embeddings(layers: Sequence[Any], pointer: str, *, raw: bool) -> Iterator[tuple[str, Embedding, bool]]:
    """Yield each embedding, and whether the table's own values reach it."""
    for n, layer in enumerate(layers):
        at = f"{pointer}/{n}"
        if isinstance(layer, Embedding):
            yield at, layer, raw
        elif isinstance(layer, Residual | Repeat):
            inside = list(_embeddings(layer.layers, f"{at}/layers", raw=raw))
            again = isinstance(layer, Repeat) and layer.times > 1
            yield from ((where, inner, own and not again) for where, inner, own in inside)
        raw = raw and layer.type in MOVING


def _range_faults(pointer: str, num: int, spec: JobSpec, info: TableInfo) -> list[Fault]:
    """Return the fault of the first column with values other than 0 to num - 1."""
    for name in spec.data.inputs:
        column = info.column(name)
        if column.type == "datetime":
            detail = f"column {name!r} holds dates or times; an embedding takes whole numbers"
            return [Fault(pointer, "invalid", detail, hint="leave the column out of the features")]
        scale = _scale(column, spec)
        if scale != "none":
            detail = f"column {name!r} is scaled ({scale}); an embedding takes whole numbers as they are"
            hint = f'"data": {{"columns": {{"{name}": {{"scale": "none"}}}}}}'
            return [Fault(pointer, "out_of_range", detail, hint=hint)]
        low, high = _range(column, spec)
        if low < 0:
            detail = f"column {name!r} goes down to {low:g}; an embedding takes whole numbers from 0 upwards"
            return [Fault(f"{pointer}/num", "out_of_range", detail, value=num)]
        if high > num - 1:
            detail = f"is {num}, for the numbers 0 to {num - 1}; column {name!r} goes up to {high:g}"
            return [Fault(f"{pointer}/num", "out_of_range", detail, value=num, suggestion=int(high) + 1)]
    return []


def _scale(column: Column, spec: JobSpec) -> str:
    chosen = options(spec, column.name)
    if column.coded or is_category(column, chosen):
        return "none"
    return str(spec.data.scale if chosen.scale in {None, "auto"} else chosen.scale)


def _range(column: Column, spec: JobSpec) -> tuple[float, float]:
    """Return the least and the largest input that a column makes, as far as it is known."""
    chosen = options(spec, column.name)
    if column.coded or is_category(column, chosen):
        return 0.0, 1.0
    there = [value for value in (column.min, column.max) if value is not None]
    if column.missing:  # an input of its own says so, by 0 or 1
        there += [0.0, 1.0, *([chosen.fill or 0.0] if chosen.missing == "constant" else [])]
    return min(there, default=0.0), max(there, default=0.0)
