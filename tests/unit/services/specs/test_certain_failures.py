"""What is certain to fail while training is refused at submit, at its place."""

from typing import Any

import pytest

from services.columns import Column, TableInfo
from services.errors import InvalidRequest
from services.jobs.resolution import resolve
from services.specs.resolve.certain_failures import smallest_part
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.resolved import Resolved
from services.specs.schema.job import JobSpec
from services.training.model_summary import summary

TABLE = TableInfo(
    rows=81,
    columns=[
        Column("a", "number"),
        Column("site", "category", values=["s0", "s1"], counts=[41, 40]),
        Column("y", "category", values=["p", "q", "r"], counts=[39, 39, 3]),
    ],
)
NORMED = {"type": "mlp", "norm": "batch", "hidden": [8]}
BARE = {
    "type": "layers",
    "layers": [{"type": "linear", "out": 4}, {"type": "batch_norm"}, {"type": "linear", "out": 3}],
}
RISE = {"type": "onecycle", "max_lr": 0.1, "pct_start": 0.1}


def resolved(**keys: Any) -> Resolved:
    data = {"dataset": "ds_1", "target": "y", "features": ["a"]}
    spec = JobSpec.model_validate({"data": data, "model": "linear", "epochs": 2} | keys)
    limits = Limits(1000, 10**8)
    return resolve(spec, Facts(TABLE, limits, ModelSizes(summary), dataset="ds_1"))


@pytest.mark.parametrize(
    ("keys", "pointer"),
    [
        ({"loss": {"type": "cross_entropy", "class_weight": [1.0, 2.0]}}, "#/loss/class_weight"),
        ({"model": NORMED, "batch_size": 1}, "#/batch_size"),
        ({"model": BARE, "batch_size": 1}, "#/batch_size"),
        ({"model": NORMED, "batch_size": 16, "micro_batch_size": 1}, "#/micro_batch_size"),
        ({"model": NORMED, "batch_size": 16, "micro_batch_size": 5}, "#/micro_batch_size"),
        ({"split": {"type": "hash", "column": "site", "validation": 0.0001}}, "#/split/validation"),
        ({"split": {"type": "hash", "column": "site", "validation": 0.9999}}, "#/split/validation"),
        ({"split": {"type": "random", "validation": 0.4, "test": 0.5, "stratify": True}}, "#/split"),
        ({"precision": "fp16", "device": "cpu"}, "#/precision"),
        ({"split": {"type": "none"}, "batch_size": "full", "epochs": 10, "scheduler": RISE}, "#/scheduler/pct_start"),
    ],
)
def test_what_is_certain_to_fail_is_told_at_its_place(keys, pointer):
    with pytest.raises(InvalidRequest) as refused:
        resolved(**keys)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


@pytest.mark.parametrize(
    "keys",
    [
        {"loss": {"type": "cross_entropy", "class_weight": [1.0, 2.0, 3.0]}},
        {"model": NORMED, "batch_size": 16, "micro_batch_size": 4, "drop_last": True},
        {"split": {"type": "none"}, "batch_size": "full", "epochs": 20, "scheduler": RISE},
    ],
)
def test_what_can_train_is_taken(keys):
    assert resolved(**keys).spec.epochs


@pytest.mark.parametrize("scheduler", [{"type": "cosine", "warmup_epochs": 3}, {"type": "linear_warmup", "epochs": 3}])
def test_a_rise_longer_than_the_job_is_said(scheduler):
    assert "warmup_longer_than_job" in {warning["code"] for warning in resolved(scheduler=scheduler).warnings}


@pytest.mark.parametrize(
    ("rows", "batch", "micro", "drop", "least"),
    [(65, 16, None, False, 1), (65, 16, None, True, 16), (66, 16, 5, True, 1), (64, 16, 4, False, 4)],
)
def test_the_smallest_part_is_that_of_a_plain_walk_over_the_rows(rows, batch, micro, drop, least):
    spec = JobSpec.model_validate(
        {"data": {"dataset": "d"}, "model": "linear", "batch_size": batch, "drop_last": drop, "micro_batch_size": micro}
    )
    assert smallest_part(spec, rows) == least
