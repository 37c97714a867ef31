"""How large the model of a resolved spec is: asked at submit, before anything is trained."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch

from services.columns import TableInfo
from services.specs.resolve.categories import embeddings
from services.specs.resolve.features import input_width, is_category, options, output_width, tensor_shape
from services.specs.schema.job import JobSpec
from services.specs.schema.models import Plugin
from services.training import layer_summary
from services.training.input.preprocessing import MAX_BINS
from services.training.layer_summary import measure
from services.training.models.embedding import embeds
from services.training.models.inputs import Inputs

KNOWN = 256  #: nets of which it is still known how large they are


@dataclass(frozen=True)
class Net:
    """All that decides how large a net is; two of one description have the same size."""

    description: str  #: its spec, as JSON
    shape: tuple[int, ...]
    task: str
    numbers: int
    binned: bool  #: whether numbers are embedded
    categories: tuple[tuple[int, int], ...]
    outputs: int
    spec: Any = field(compare=False)

    @property
    def inputs(self) -> Inputs:
        """The features of one example, with as many bins as there can be."""
        bins = [torch.linspace(0, 1, MAX_BINS + 1)] * self.numbers if self.binned else None
        return Inputs(self.shape, self.task, self.numbers, bins, self.categories)


def summary(spec: JobSpec, info: TableInfo) -> dict[str, Any]:
    """Return the parameters and shapes of a spec's model. With embeddings it is the most they can be.

    Raises: InvalidRequest that names the layer that does not fit what reaches it.
    """
    if isinstance(spec.model, Plugin):  # its code runs on the worker only
        shape, outputs = list(_shape(spec, info)), output_width(spec, info)
        return {"parameters": 0, "size_bytes": 0, "input_shape": shape, "output_shape": [outputs], "layers": []}
    return _measured(_net(spec, info))


def shapes(spec: JobSpec, info: TableInfo) -> dict[str, tuple[int, ...]] | None:
    """Return the shapes of a spec's weights by name, None for a plug-in.

    Embeddings of numbers have the most bins here that they can have: a warm start takes the bins with the weights.
    """
    if isinstance(spec.model, Plugin):
        return None
    net = _net(spec, info)
    return layer_summary.shapes(net.spec, net.inputs, net.outputs)


@lru_cache(KNOWN)
def _measured(net: Net) -> dict[str, Any]:
    """Measure a net once: it takes a quarter of the time of a submit, and most submits vary something else."""
    return measure(net.spec, net.inputs, net.outputs)


def _net(spec: JobSpec, info: TableInfo) -> Net:
    shape = _shape(spec, info)
    numbers = sum(not _is_coded(spec, info, name) for name in spec.data.inputs)
    return Net(
        description=spec.model.model_dump_json(),
        shape=shape,
        task=str(spec.task),
        numbers=numbers,
        binned=len(shape) == 1 and embeds(getattr(spec.model, "number_embedding", None), numbers),
        categories=embeddings(spec, info),
        outputs=output_width(spec, info),
        spec=spec.model,
    )


def _shape(spec: JobSpec, info: TableInfo) -> tuple[int, ...]:
    return tensor_shape(spec, info) or (input_width(spec, info),)


def _is_coded(spec: JobSpec, info: TableInfo, name: str) -> bool:
    column = info.column(name)
    return column.coded or is_category(column, options(spec, name))
