"""Whether a job fits the workers that are online: told at submit, with the numbers."""

from collections.abc import Mapping
from typing import Any

from services.errors import Fault
from services.specs.resolve.findings import Findings
from services.specs.resolve.memory import weight_bytes
from services.specs.schema.job import JobSpec

TRAINER_BYTES = 350 << 20  #: of a trainer that has not begun: PyTorch's own
SURE = 2  #: an estimate is right within this factor
GRANT = "give workers more memory (BATCHYARD_WORKER_MEMORY in compose) or fewer slots (BATCHYARD_WORKER_SLOTS)"


def check_memory(
    spec: JobSpec,
    summary: dict[str, Any],
    takes: dict[str, Any],
    largest: Mapping[str, int | None],
    found: Findings,
) -> None:
    """Note a job that no online worker of its device has the memory for, and warn of one that may not fit.

    `largest` is, by device, the most that one trainer may take; without a worker, or without a limit, nothing is known.
    """
    limit = largest.get(spec.device)
    if limit is None:
        return
    room = max(0, limit - spec.processes * TRAINER_BYTES)
    expected, least = takes["memory_bytes"], takes["least_memory_bytes"]
    has = f"the largest {spec.device} worker that is online has {_size(room)} for a job"
    if least > SURE * room:
        # Weights take a third of what they come to when an epoch is stored.
        of_weights = 3 * weight_bytes(spec, summary) * spec.processes
        pointer, smaller = ("#/model", "model") if 2 * of_weights > least else ("#/data", "data set")
        detail = f"takes about {_size(least)} of memory to train on, a row at a time; {has}"
        hint = f"use a smaller {smaller}, or {GRANT}"
        found.faults.append(Fault(pointer, "out_of_memory", detail, value=least, hint=hint))
    elif expected > room:
        message = (
            f"Training takes about {_size(expected)} of memory; {has}. If it runs out, it goes on with fewer rows at a "
            f"time, down to about {_size(least)}. Set a smaller micro_batch_size, or {GRANT}."
        )
        found.warn("memory_short", message, "#/micro_batch_size")


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
