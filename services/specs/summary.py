"""How large a model is and what training it takes, by formula."""

import itertools
from typing import Any

from services.specs.columns import TableInfo
from services.specs.features import input_width, output_width, train_and_validation
from services.specs.job import JobSpec

FLOAT_BYTES = 4
COPIES = 4  #: of every parameter: weight, gradient and Adam's two moments


def model_summary(spec: JobSpec, info: TableInfo) -> dict[str, Any]:
    """Return the parameters and shapes of a resolved spec's model, layer by layer."""
    inputs, outputs = input_width(spec, info), output_width(spec, info)
    hidden = spec.model.hidden if spec.model.type == "mlp" else []
    bias = spec.model.bias if spec.model.type == "linear" else True
    widths = [inputs, *hidden, outputs]
    layers = [
        {"type": "linear", "in": [before], "out": [after], "parameters": before * after + (after if bias else 0)}
        for before, after in itertools.pairwise(widths)
    ]
    parameters = sum(int(str(layer["parameters"])) for layer in layers)
    return {
        "parameters": parameters,
        "size_bytes": parameters * FLOAT_BYTES,
        "input_shape": [inputs],
        "output_shape": [outputs],
        "layers": layers,
    }


def steps_per_epoch(spec: JobSpec, info: TableInfo) -> int:
    """Return the optimizer steps of one epoch of a resolved spec."""
    rows, _ = train_and_validation(spec, info)
    if spec.batch_size == "full":
        return 1
    size = int(spec.batch_size)
    return rows // size if spec.drop_last else -(-rows // size)


def estimate(spec: JobSpec, info: TableInfo, summary: dict[str, Any]) -> dict[str, int]:
    """Return the steps of an epoch and the memory that rows, weights and optimizer take."""
    table = info.rows * (input_width(spec, info) + output_width(spec, info)) * FLOAT_BYTES
    return {
        "steps_per_epoch": steps_per_epoch(spec, info),
        "memory_bytes": table + int(summary["size_bytes"]) * COPIES,
    }
