"""A job that no online worker has the memory for is refused with the numbers; one that may not fit is warned of."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.columns import Column, TableInfo
from services.errors import InvalidRequest
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.memory_check import TRAINER_BYTES
from services.specs.resolve.resolved import Resolved
from services.specs.schema.job import JobSpec
from services.training.model_summary import summary

GIB = 1 << 30
WIDE = {"type": "mlp", "hidden": [8192, 8192]}  # 67 million weights: 268 MB, and four to five times that in training
LARGE_BATCH = {"type": "mlp", "hidden": [1024, 1024], "number_embedding": None}


def resolved(largest: Mapping[str, int | None], rows: int = 50_000, columns: int = 10, **keys: Any) -> Resolved:
    names = [*(f"x{n}" for n in range(columns)), "y"]
    info = TableInfo(rows, [Column(name, "number", min=0.0, max=9.0) for name in names])
    spec = JobSpec.model_validate({"data": {"builtin": "iris", "target": "y"}, "model": "linear", **keys})
    limits = Limits(epochs=1000, parameters=10**9)
    return resolve(spec, Facts(info, limits, ModelSizes(summary), memory=largest))


def told(found: Resolved) -> list[str]:
    return [warning["message"] for warning in found.warnings if warning["code"] == "memory_short"]


def test_a_model_that_fits_no_worker_is_refused_with_the_numbers():
    with pytest.raises(InvalidRequest) as refused:
        resolved({"cpu": GIB // 2}, model=WIDE)

    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code) == ("#/model", "out_of_memory")
    assert "162 MiB" in fault.detail  # what a trainer has left of 512 MiB
    assert "GiB of memory" in fault.detail
    assert "smaller model" in str(fault.hint)


def test_rows_that_fit_no_worker_are_refused_as_such():
    with pytest.raises(InvalidRequest) as refused:
        resolved({"cpu": TRAINER_BYTES + (20 << 20)}, rows=100_000, columns=500)
    assert [fault.pointer for fault in refused.value.faults] == ["#/data"]


def test_a_batch_that_may_not_fit_is_a_warning_for_it_can_be_halved():
    found = resolved({"cpu": GIB}, model=LARGE_BATCH, batch_size="full")
    assert found.estimate["least_memory_bytes"] < GIB - TRAINER_BYTES < found.estimate["memory_bytes"]
    (message,) = told(found)
    assert "micro_batch_size" in message


def test_small_batches_of_the_same_job_are_no_cause_for_a_warning():
    assert not told(resolved({"cpu": GIB}, model=LARGE_BATCH, batch_size="full", micro_batch_size=256))


@pytest.mark.parametrize("largest", [{}, {"cpu": None}, {"cuda": GIB // 4}], ids=["no worker", "no limit", "a GPU's"])
def test_without_a_known_limit_nothing_is_said(largest):
    assert not told(resolved(largest, model=WIDE, device="cpu"))


def test_adam_takes_twice_more_of_the_weights_than_sgd():
    weights = resolved({}, model=WIDE).model_summary["size_bytes"]
    adam, sgd = (resolved({}, model=WIDE, optimizer=name).estimate["memory_bytes"] for name in ("adam", "sgd"))
    assert adam - sgd >= 2 * weights
