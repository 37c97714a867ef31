"""How large the model of a resolved spec is: asked at submit, before anything is trained."""

from typing import Any

import torch

from services.specs.categories import embeddings
from services.specs.columns import TableInfo
from services.specs.features import input_width, is_category, options, output_width, tensor_shape
from services.specs.job import JobSpec
from services.specs.models import Plugin
from services.training.measuring import measure
from services.training.models.embedding import embeds
from services.training.models.inputs import Inputs
from services.training.preprocessing import MAX_BINS


def summary(spec: JobSpec, info: TableInfo) -> dict[str, Any]:
    """Return the parameters and shapes of a spec's model. With embeddings it is the most they can be.

    Raises: InvalidRequest that names the layer that does not fit what reaches it.
    """
    shape = tensor_shape(spec, info) or (input_width(spec, info),)
    outputs = output_width(spec, info)
    if isinstance(spec.model, Plugin):  # its code runs on the worker only
        return {"parameters": 0, "size_bytes": 0, "input_shape": list(shape), "output_shape": [outputs], "layers": []}
    numbers, bins = sum(not _is_coded(spec, info, name) for name in spec.data.inputs), None
    if len(shape) == 1 and embeds(getattr(spec.model, "number_embedding", None), numbers):
        bins = [torch.linspace(0, 1, MAX_BINS + 1)] * numbers
    inputs = Inputs(shape, str(spec.task), numbers, bins, embeddings(spec, info))
    return measure(spec.model, inputs, outputs)


def _is_coded(spec: JobSpec, info: TableInfo, name: str) -> bool:
    column = info.column(name)
    return column.coded or is_category(column, options(spec, name))
