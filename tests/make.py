"""Plain functions that make what tests start from, with defaults."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.parquet

from services.columns import TableInfo
from services.datasets import builtin_tables, inline_tables
from services.jobs.job_views import JobView
from services.jobs.resolution import resolve
from services.jobs.submission import RequestKey, Submission
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.schema.data import INLINE, Data
from services.specs.schema.job import JobSpec
from services.states import StopReason
from services.training.build import build
from services.training.loop.training import Training
from services.training.model_summary import summary
from services.wiring import trainer
from services.wiring.base import Base

LIMITS = Limits(epochs=100_000, parameters=50_000_000)
SMALL: dict[str, Any] = {
    "data": {"x": [[float(n), float(n % 3)] for n in range(12)], "y": [2.0 * n + 1 for n in range(12)]},
    "model": "linear",
    "epochs": 3,
    "seed": 0,
}


def make_table(data: dict[str, Any]) -> tuple[TableInfo, np.ndarray]:
    """Return the columns and the table of inline rows, or of a sample table by name."""
    if "builtin" in data:
        table = pyarrow.parquet.read_table(builtin_tables.path(data["builtin"]))
        target = builtin_tables.TARGETS[data["builtin"]]
        names = [name for name in table.column_names if name != target]
        x = np.column_stack([table[name].to_numpy() for name in names]).astype(float).tolist()
        return inline_tables.tabulate(Data(x=x, y=table[target].to_pylist()))
    return inline_tables.tabulate(Data.model_validate(data))


def make_spec(**parts: Any) -> tuple[JobSpec, TableInfo, np.ndarray]:
    """Return a resolved spec with its columns and table."""
    given = SMALL | parts
    info, table = make_table({k: v for k, v in given["data"].items() if k in {*INLINE, "builtin"}})
    data = {k: v for k, v in given["data"].items() if k != "builtin"}
    if "builtin" in given["data"]:
        data |= {"dataset": "ds_sample", "target": "y"}
    spec = JobSpec.model_validate(given | {"data": data})
    suggested = "y" if "y" in info.names else None
    facts = Facts(info, LIMITS, ModelSizes(summary), dataset="ds_sample", suggested_target=suggested)
    return resolve(spec, facts).spec, info, table


def make_training(
    *,
    last: bytes | None = None,
    init: bytes | None = None,
    stop_requested: Callable[[], str | None] = lambda: None,
    **parts: Any,
) -> Training:
    """Return a training of a small job."""
    spec, info, table = make_spec(**parts)
    return build(spec, info, table, last=last, init=init, stop_requested=stop_requested)


def make_job(joined: Base, owner: str = "local", key: str | None = None, **parts: Any) -> JobView:
    """Submit a small job and return it."""
    given = SMALL | parts
    spec = JobSpec.model_validate(given)
    request = RequestKey(key, str(given)) if key else None
    return joined.jobs.service.submit(Submission(spec, owner, submitted={}, key=request)).job


def train(joined: Base, job_id: str, owner: str = "local") -> JobView:
    """Train a queued job in this process, as a trainer would, and return it."""
    claim = joined.queue.claims.claim("cpu", "test")
    assert claim is not None
    assert claim.job_id == job_id
    job = trainer.job(joined.settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
    try:
        job.recorder.started(job.training.environment())
        for costs in job.training.fit():
            job.recorder.epoch(costs, improved=job.training.best.improved(costs))
        job.recorder.succeed(StopReason.COMPLETED)
    finally:
        job.database.close()
    return joined.jobs.lookup.get(owner, job_id)
