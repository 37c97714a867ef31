"""On a GPU the same jobs train to the same costs. Where there is none, these are skipped by their names."""

from typing import Any

import pytest
import torch

from services.specs.schema.job import JobSpec
from services.training.build import build
from services.training.input import placement, table_access
from services.training.loop.training import Training
from services.training.predictor import Predictor
from tests.make import make_spec

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
PICTURES = {"builtin": "digits", "columns": {"x": {"type": "tensor", "shape": [1, 8, 8]}}}
JOBS: dict[str, dict[str, Any]] = {
    "linear": {"data": {"builtin": "diabetes"}, "model": "linear"},
    "mlp": {"data": {"builtin": "iris"}, "model": {"type": "mlp", "dropout": 0.0}},
    "tabm": {"data": {"builtin": "iris"}, "model": {"type": "tabm", "dropout": 0.0}},
    "cnn": {"data": PICTURES, "model": {"type": "cnn", "channels": [8], "hidden": [16]}},
}


def training(device: str, last: bytes | None = None, **parts: Any) -> Training:
    """A training on a device, which at submit would be one that a worker has."""
    spec, info, table = make_spec(**{"epochs": 5, "early_stopping": False, "metrics": []} | parts)
    return build(
        JobSpec.model_validate(spec.model_dump() | {"device": device}),
        info,
        table,
        last=last,
        stop_requested=lambda: None,
    )


def costs(made: Training) -> list[float]:
    """The validation costs of all epochs."""
    return [epoch.val_cost or 0.0 for epoch in made.fit()]


def test_what_is_trained_on_the_processor_stays_in_its_memory() -> None:
    rows = placement.placed(torch.zeros(3, 2), torch.zeros(3, 1), torch.device("cpu"))

    assert not rows.pinned
    assert rows.features.device.type == "cpu"


@needs_cuda
@pytest.mark.parametrize("name", JOBS)
def test_a_gpu_comes_to_the_processors_costs(name: str) -> None:
    assert costs(training("cuda", **JOBS[name])) == pytest.approx(costs(training("cpu", **JOBS[name])), rel=1e-3)


@needs_cuda
def test_rows_that_fit_stay_on_the_gpu_and_others_are_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    here = torch.device("cuda")
    assert placement.placed(torch.zeros(3, 2), torch.zeros(3, 1), here).features.is_cuda
    resident = costs(training("cuda", **JOBS["mlp"]))

    monkeypatch.setattr(placement, "SHARE", 0.0)
    features, _ = placement.placed(torch.zeros(3, 2), torch.zeros(3, 1), here).__getitems__(torch.tensor([1]))
    assert features.is_pinned()
    assert costs(training("cuda", **JOBS["mlp"])) == resident


@needs_cuda
def test_blocks_of_a_large_table_come_to_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_access, "IN_MEMORY_BYTES", 0)

    assert costs(training("cuda", **JOBS["mlp"])) == pytest.approx(costs(training("cpu", **JOBS["mlp"])), rel=1e-3)


@needs_cuda
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_job_on_the_gpu_goes_on_to_the_same_costs_and_predicts_on_a_processor(precision: str) -> None:
    whole = costs(training("cuda", precision=precision, **JOBS["mlp"]))
    begun = training("cuda", precision=precision, **JOBS["mlp"])
    for _ in zip(range(2), begun.fit(), strict=False):
        begun.keep_best()

    rest = training("cuda", last=begun.last_bytes(), precision=precision, **JOBS["mlp"])

    assert costs(rest) == whole[2:]
    assert Predictor.from_bytes(begun.best_bytes()).preprocessing.task == "multiclass"
