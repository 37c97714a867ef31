"""What can't be trained on several processes is refused at submit, with the reason."""

from typing import Any

import pytest

from services.columns import Column, TableInfo
from services.errors import Fault, InvalidRequest
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.resolved import Resolved
from services.specs.schema.job import JobSpec
from services.training.model_summary import summary

NORMED = {"type": "mlp", "norm": "batch", "hidden": [8]}
LAYERS = [{"type": "linear", "out": 4}, {"type": "batch_norm"}, {"type": "linear", "out": 1}]


def resolved(rows: int = 100, largest: dict[str, int] | None = None, **keys: Any) -> Resolved:
    """Return a job's resolved spec where the online workers have so many processes for it."""
    info = TableInfo(rows, [Column("a", "number"), Column("y", "number")])
    given = {"data": {"dataset": "ds_1", "target": "y"}, "model": "linear", "epochs": 2, "processes": 4} | keys
    facts = Facts(info, Limits(1000, 10**8), ModelSizes(summary), dataset="ds_1", processes=largest or {})
    return resolve(JobSpec.model_validate(given), facts)


def refused(**keys: Any) -> Fault:
    """Return the one fault of a job."""
    with pytest.raises(InvalidRequest) as found:
        resolved(**keys)
    (fault,) = found.value.faults
    return fault


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"batch_size": 3}, "a batch has 3 rows"),
        ({"batch_size": "full", "rows": 4, "split": "none", "processes": 5}, "a batch has 4 rows"),
        ({"model": NORMED}, "batch norm"),
        ({"model": {"type": "layers", "layers": LAYERS}}, "batch norm"),
        ({"rows": 40_000_000}, "up to 256 MiB"),
        ({"precision": "fp16", "device": "cuda"}, "fp16"),
        ({"largest": {"cpu": 2, "cuda": 8}}, "no cpu worker that is online takes a job of more than 2"),
        (
            {"largest": {"cpu": 8, "cuda": 1}, "device": "cuda"},
            "no cuda worker that is online takes a job of more than 1",
        ),
    ],
    ids=["small batch", "small table", "norm", "layer", "blocks", "fp16", "cores", "GPUs"],
)
def test_what_can_not_be_shared_is_refused(keys: dict[str, Any], reason: str) -> None:
    fault = refused(**keys)

    assert fault.pointer == "#/processes"
    assert reason in fault.detail
    assert fault.hint
    fewer = keys | {"processes": 1, "device": "cpu", "precision": "fp32"}
    assert resolved(**fewer).spec.processes == 1


@pytest.mark.parametrize("keys", [{}, {"largest": {"cpu": 4}}, {"batch_size": 4}, {"precision": "bf16"}])
def test_what_can_be_shared_is_resolved_as_it_is(keys: dict[str, Any]) -> None:
    assert resolved(**keys).spec.processes == 4


def test_memory_is_that_of_all_processes_of_which_each_has_its_rows() -> None:
    wide = {"model": {"type": "mlp", "hidden": [512, 512]}, "rows": 50_000, "batch_size": "full"}

    alone, together = (resolved(**wide, processes=n).estimate["memory_bytes"] for n in (1, 4))

    assert alone < together < 4 * alone
