"""What does not go together with training on several processes, and what no worker can do."""

from collections.abc import Mapping
from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.features import parts
from services.specs.resolve.memory import FLOAT_BYTES, IN_MEMORY_BYTES
from services.specs.schema.job import JobSpec

POINTER = "#/processes"
ONE = "say processes: 1"


def process_faults(spec: JobSpec, info: TableInfo, summary: dict[str, Any], largest: Mapping[str, int]) -> list[Fault]:
    """Return why a resolved spec can't be trained on its processes.

    `largest` is, by device, the most that one job may have; without a worker nothing is known.
    """
    if spec.processes == 1:
        return []
    found = _worker_faults(spec, largest.get(spec.device))
    train = parts(spec, info)[0]
    batch = train if spec.batch_size == "full" else min(int(spec.batch_size), train)
    if batch < spec.processes:
        detail = f"is {spec.processes}, but a batch has {batch} rows to be shared"
        found.append(_fault(spec, "out_of_range", detail, "use fewer processes or a larger batch_size", batch))
    if any(layer["type"].startswith("batch_norm") for layer in summary.get("layers") or []):
        detail = "does not go together with batch norm: it takes mean and deviation of the whole batch"
        found.append(_fault(spec, "invalid", detail, f"use layer norm, or {ONE}", 1))
    if spec.model.type == "plugin" or spec.data.plugin is not None:
        detail = "is for the service's own models and tables: what a plug-in does with part of a batch is not known"
        found.append(_fault(spec, "invalid", detail, ONE, 1))
    if info.rows * len(info.columns) * FLOAT_BYTES > IN_MEMORY_BYTES:
        detail = f"is for tables of up to {IN_MEMORY_BYTES >> 20} MiB: a larger one is read in blocks, by one process"
        found.append(_fault(spec, "invalid", detail, ONE, 1))
    if spec.precision == "fp16":
        detail = "does not go together with fp16, whose gradients are scaled by one process"
        found.append(_fault(spec, "invalid", detail, f"use precision bf16 or fp32, or {ONE}", 1))
    return found


def _worker_faults(spec: JobSpec, most: int | None) -> list[Fault]:
    if most is None or spec.processes <= most:
        return []
    detail = f"is {spec.processes}; no {spec.device} worker that is online takes a job of more than {most}"
    needed = "cores" if spec.device == "cpu" else "GPUs"
    hint = f"use {most}, or give workers more {needed} (or BATCHYARD_WORKER_PROCESSES)"
    return [_fault(spec, "out_of_range", detail, hint, most)]


def _fault(spec: JobSpec, code: str, detail: str, hint: str, suggestion: int) -> Fault:
    return Fault(POINTER, code, detail, value=spec.processes, suggestion=suggestion, hint=hint)
