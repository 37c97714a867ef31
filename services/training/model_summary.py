"""How large the model of a resolved spec is: asked at submit, before anything is trained."""

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


def summary(spec: JobSpec, info: TableInfo) -> dict[str, Any]:
    """Return the parameters and shapes of a spec's model. With embeddings it is the most they can be.

    Raises: InvalidRequest that names the layer that does not fit what reaches it.
    """
    outputs = output_width(spec, info)
    if isinstance(spec.model, Plugin):  # its code runs on the worker only
        shape = list(_shape(spec, info))
        return {"parameters": 0, "size_bytes": 0, "input_shape": shape, "output_shape": [outputs], "layers": []}
    return measure(spec.model, _inputs(spec, info), outputs)


def shapes(spec: JobSpec, info: TableInfo) -> dict[str, tuple[int, ...]] | None:
    """Return the shapes of a spec's weights by name, None for a plug-in.

    Embeddings of numbers have the most bins here that they can have: a warm start takes the bins with the weights.
    """
    if isinstance(spec.model, Plugin):
        return None
    return layer_summary.shapes(spec.model, _inputs(spec, info), output_width(spec, info))


def _shape(spec: JobSpec, info: TableInfo) -> tuple[int, ...]:
    return tensor_shape(spec, info) or (input_width(spec, info),)


def _inputs(spec: JobSpec, info: TableInfo) -> Inputs:
    shape = _shape(spec, info)
    numbers, bins = sum(not _is_coded(spec, info, name) for name in spec.data.inputs), None
    if len(shape) == 1 and embeds(getattr(spec.model, "number_embedding", None), numbers):
        bins = [torch.linspace(0, 1, MAX_BINS + 1)] * numbers
    return Inputs(shape, str(spec.task), numbers, bins, embeddings(spec, info))


def _is_coded(spec: JobSpec, info: TableInfo, name: str) -> bool:
    column = info.column(name)
    return column.coded or is_category(column, options(spec, name))
