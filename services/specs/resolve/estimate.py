"""What training a job takes, by formula: steps, memory, work, and what is stored of it."""

from typing import Any

from services.columns import TableInfo
from services.specs.resolve.features import parts
from services.specs.resolve.memory import memory_bytes, moments
from services.specs.schema.job import JobSpec

#: The unit of work is one multiplication of one row on its way forward, with those of its way back. All else takes
#: about as long as so many of them, as measured with linear, mlp and tabm nets of several sizes.
STEP_WORK = 200_000  #: a step, whatever its model
LAYER_WORK = 200_000  #: each layer that a step goes through
BYTE_WORK = 3  #: each byte that a layer keeps or hands on
ROW_WORK = 500  #: a row, whatever its model
PARAMETER_WORK = 4  #: each parameter's update
MEASURED_SHARE = 3  #: a row that is only measured costs one part in so many


def steps_per_epoch(spec: JobSpec, info: TableInfo) -> int:
    """Return the optimizer steps of one epoch of a resolved spec."""
    rows, _, _ = parts(spec, info)
    if spec.batch_size == "full":
        return 1
    size = int(spec.batch_size)
    return rows // size if spec.drop_last else -(-rows // size)


def estimate(spec: JobSpec, info: TableInfo, summary: dict[str, Any], seconds_per_work: float | None) -> dict[str, Any]:
    """Return what a job takes.

    `memory_bytes` is beyond that of a trainer that has not begun, of all its processes together, `least_memory_bytes`
    what is left of it when batches are halved for want of memory; `work_per_epoch` compares jobs by their time, and so
    gives the seconds of an epoch.
    """
    steps = steps_per_epoch(spec, info)
    memory, least = memory_bytes(spec, info, summary, steps)
    # Twice the state to go on from, in which the optimizer is.
    kept = spec.checkpoint.most(spec.epochs) + 2 * (1 + moments(spec))
    work = _work(spec, info, summary, steps)
    return {
        "steps_per_epoch": steps,
        "memory_bytes": memory * spec.processes,
        "least_memory_bytes": least * spec.processes,
        "checkpoint_bytes": int(summary["size_bytes"]) * kept,
        "work_per_epoch": work,
        "seconds_per_epoch": None if seconds_per_work is None else seconds_per_work * work,
    }


def _work(spec: JobSpec, info: TableInfo, summary: dict[str, Any], steps: int) -> int:
    train, validation, _ = parts(spec, info)
    measured = validation // spec.validation.every_epochs + (train if spec.validation.train_eval else 0)
    row = (
        ROW_WORK
        + summary.get("operations", 0)
        + BYTE_WORK * (summary.get("kept_bytes", 0) + summary.get("passing_bytes", 0))
    )
    update = STEP_WORK + LAYER_WORK * len(summary["layers"]) + PARAMETER_WORK * int(summary["parameters"])
    return int(steps * update + row * (train + measured / MEASURED_SHARE))
