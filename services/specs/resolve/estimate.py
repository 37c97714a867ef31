"""What training a job takes, by formula."""

from typing import Any

from services.columns import TableInfo
from services.specs.resolve.features import input_width, output_width, parts
from services.specs.schema.job import JobSpec

FLOAT_BYTES = 4
COPIES = 4  #: of every parameter: weight, gradient and Adam's two moments


def steps_per_epoch(spec: JobSpec, info: TableInfo) -> int:
    """Return the optimizer steps of one epoch of a resolved spec."""
    rows, _, _ = parts(spec, info)
    if spec.batch_size == "full":
        return 1
    size = int(spec.batch_size)
    return rows // size if spec.drop_last else -(-rows // size)


def estimate(spec: JobSpec, info: TableInfo, summary: dict[str, Any]) -> dict[str, int]:
    """Return the steps of an epoch, the memory that rows, weights and optimizer take, and what is stored of them."""
    # A plug-in's items are read batch by batch.
    rows = info.rows if spec.data.plugin is None else -(-info.rows // max(1, steps_per_epoch(spec, info)))
    table = rows * (input_width(spec, info) + output_width(spec, info)) * FLOAT_BYTES
    return {
        "steps_per_epoch": steps_per_epoch(spec, info),
        "memory_bytes": table + int(summary["size_bytes"]) * COPIES,
        # Twice the state to go on from, in which the optimizer is.
        "checkpoint_bytes": int(summary["size_bytes"]) * (spec.checkpoint.most(spec.epochs) + 2 * (COPIES - 1)),
    }
