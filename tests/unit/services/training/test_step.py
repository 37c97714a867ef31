"""The replayed step is the plain one, to the bit; other steps are it up to rounding."""

from typing import Any

import pytest
import torch

from services.training.loop import step_choice
from services.training.loop.training import Training
from tests.make import make_training

MLP = {"type": "mlp", "hidden": [16, 16], "dropout": 0.0, "number_embedding": None}
ADAMW = {"type": "adamw", "lr": 0.01}
LSTM = {"type": "lstm", "hidden": 5, "layers": 2, "bidirectional": True}
SERIES = {"x": {"type": "tensor", "shape": [2, 2]}}
CASES: dict[str, dict[str, Any]] = {
    "linear, sgd": {"model": "linear", "optimizer": {"type": "sgd", "lr": 0.01}},
    "mlp, momentum": {"model": MLP, "optimizer": {"type": "sgd", "lr": 0.01, "momentum": 0.9, "nesterov": True}},
    "mlp, adam": {"model": MLP | {"activation": "gelu"}, "optimizer": "adam"},
    "mlp, rmsprop": {"model": MLP, "optimizer": {"type": "rmsprop", "lr": 0.001}},
    "mlp, clipped": {"model": MLP, "optimizer": ADAMW, "gradient_clip": {"norm": 0.1}},
    "mlp, layer norm": {"model": MLP | {"norm": "layer"}, "optimizer": ADAMW},
    "mlp, batch norm": {"model": MLP | {"norm": "batch"}, "optimizer": ADAMW, "drop_last": True},
    "mlp, dropout": {"model": MLP | {"dropout": 0.3}, "optimizer": ADAMW},
    "mlp, embedded": {"model": MLP | {"number_embedding": "piecewise"}, "optimizer": ADAMW},
    "tabm": {"model": {"type": "tabm", "k": 3, "hidden": [8]}, "optimizer": ADAMW},
    "lstm": {"model": LSTM, "optimizer": ADAMW, "data": {"builtin": "iris", "columns": SERIES}},
    "huber": {"model": MLP, "optimizer": ADAMW, "loss": "huber", "data": {"builtin": "diabetes"}},
    "two classes": {"model": MLP, "optimizer": ADAMW, "data": {"builtin": "breast_cancer"}},
    "one cycle": {"model": MLP, "optimizer": ADAMW, "scheduler": {"type": "onecycle", "max_lr": 0.02}},
}


def trained(monkeypatch: pytest.MonkeyPatch, trace_from: int, **parts: Any) -> Training:
    """A training of 6 epochs that traces from so many steps on."""
    monkeypatch.setattr(step_choice, "TRACE_FROM", trace_from)
    training = make_training(**{"data": {"builtin": "iris"}, "epochs": 6, "batch_size": 25, **parts})
    for _ in training.fit():
        pass
    return training


@pytest.mark.parametrize("name", CASES)
def test_a_traced_step_gives_the_bits_of_the_plain_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, traced = trained(monkeypatch, 10**9, **CASES[name]), trained(monkeypatch, 0, **CASES[name])

    assert (plain.stepping.kind, traced.stepping.kind) == ("plain", "traced")
    found, expected = traced.model.state_dict(), plain.model.state_dict()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_a_batch_in_parts_takes_the_same_step_up_to_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trained(monkeypatch, 10**9, model=MLP, optimizer={"type": "sgd", "lr": 0.05})
    parts = trained(monkeypatch, 10**9, model=MLP, optimizer={"type": "sgd", "lr": 0.05}, micro_batch_size=7)

    assert parts.stepping.kind == "accumulating"
    for name, tensor in whole.model.state_dict().items():
        assert torch.allclose(parts.model.state_dict()[name], tensor, atol=1e-5)


def test_bfloat16_costs_are_close_to_float32_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    training = trained(monkeypatch, 10**9, model=MLP, optimizer=ADAMW, precision="bf16")

    assert training.stepping.kind == "accumulating"
    assert training.best.epoch is None  # nobody asked it
    assert all(torch.isfinite(tensor).all() for tensor in training.model.state_dict().values())


def test_weights_of_rows_count_as_often_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    x = [[0.0], [1.0], [1.0], [2.0]]
    once = {
        "x": [[*row, weight] for row, weight in zip(x, [1.0, 1.0, 2.0, 4.0], strict=True)],
        "y": [0.0, 1.0, 3.0, 2.0],
    }
    often = {
        "x": [[0.0], [1.0], [1.0], [1.0], [2.0], [2.0], [2.0], [2.0]],
        "y": [0.0, 1.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0],
    }
    job = {
        "model": "linear",
        "optimizer": {"type": "sgd", "lr": 0.1},
        "batch_size": "full",
        "split": "none",
        "epochs": 30,
    }
    plain = {"scale": "none", "target_scale": "none"}

    weighted = trained(monkeypatch, 10**9, data=once | plain | {"weight": "x1"}, **job)
    repeated = trained(monkeypatch, 10**9, data=often | plain, **job)

    assert torch.allclose(weighted.model.weight, repeated.model.weight, atol=1e-6)
