"""Every name of the catalog trains on real rows to a stated cost."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from services.specs.schema import losses, models, optimizers, schedulers
from services.training.loop.optimizers import OPTIMIZERS
from services.training.loop.schedulers import SCHEDULERS
from services.training.loop.training import Training
from services.training.losses import LOSSES
from services.training.models import MODELS
from services.training.models.layer import LAYERS
from services.training.predictor import Predictor
from tests.make import make_training

PICTURES = {"builtin": "digits", "columns": {"x": {"type": "tensor", "shape": [1, 8, 8]}}}
ROWS_OF_PICTURES = {"builtin": "digits", "columns": {"x": {"type": "tensor", "shape": [8, 8]}}}
COUNTS = {
    "x": [[n % 7 / 7.0, n % 3 / 3.0] for n in range(200)],
    "y": [float(n % 7 + n % 3) for n in range(200)],
}
LABELS = {
    "x": [[n % 7 / 7.0, n % 5 / 5.0] for n in range(200)],
    "y": [[float(n % 7 > 3), float(n % 5 > 2)] for n in range(200)],
}
NET = [{"type": "linear", "out": 32}, "relu", {"type": "residual", "layers": [{"type": "linear", "out": 32}, "tanh"]}]
#: A guess costs 1.10 on iris, 2.30 on digits and 0.69 on breast_cancer.
MODEL_CASES: dict[str, tuple[dict[str, Any], dict[str, Any], float]] = {
    "linear": ({"type": "linear"}, {"builtin": "iris"}, 0.45),
    "mlp": ({"type": "mlp"}, {"builtin": "iris"}, 0.35),
    "mlp with norms": ({"type": "mlp", "norm": "batch", "dropout": 0.1}, {"builtin": "iris"}, 0.35),
    "mlp residual": ({"type": "mlp", "norm": "layer", "residual": True}, {"builtin": "iris"}, 0.35),
    "mlp embedded": ({"type": "mlp", "number_embedding": "piecewise"}, {"builtin": "iris"}, 0.35),
    "cnn": ({"type": "cnn", "channels": [8, 16], "hidden": [32]}, PICTURES, 0.35),
    "lstm": ({"type": "lstm", "hidden": 32}, ROWS_OF_PICTURES, 0.5),
    "layers": ({"type": "layers", "layers": [*NET, {"type": "linear", "out": "auto"}]}, {"builtin": "iris"}, 0.35),
    "tabm": ({"type": "tabm", "k": 4, "hidden": [32]}, {"builtin": "iris"}, 0.35),
}
OUT = {"type": "linear", "out": "auto"}
SIGNALS = {"builtin": "digits", "columns": {"x": {"type": "tensor", "shape": [1, 64]}}}
INKS = {"builtin": "digits", "scale": "none"}


def conv(kind: str, out: int, kernel: int = 3, **more: Any) -> dict[str, Any]:
    """A convolution."""
    return {"type": kind, "out": out, "kernel_size": kernel, **more}


#: Nets that have every layer between them; all read the digits.
NET_CASES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "pictures": (
        PICTURES,
        [
            conv("conv2d", 8),
            "batch_norm",
            "relu",
            {"type": "residual", "layers": [conv("conv2d", 8, padding="same"), {"type": "group_norm", "groups": 2}]},
            "silu",
            {"type": "max_pool2d", "kernel_size": 2},
            conv("conv2d", 16, 2),
            "gelu",
            {"type": "avg_pool2d", "kernel_size": 2, "stride": 1},
            {"type": "adaptive_avg_pool2d", "output_size": 1},
            "flatten",
            {"type": "dropout", "p": 0.05},
            OUT,
        ],
    ),
    "signals": (
        SIGNALS,
        [
            conv("conv1d", 16, 5),
            "leaky_relu",
            {"type": "max_pool1d", "kernel_size": 2},
            conv("conv1d", 16, 3, dilation=8),
            "elu",
            {"type": "avg_pool1d", "kernel_size": 2, "stride": 1},
            {"type": "adaptive_avg_pool1d", "output_size": 6},
            {"type": "lstm", "out": 32, "steps": "all"},
            "flatten",
            OUT,
        ],
    ),
    "numbers": (
        {"builtin": "digits"},
        [
            {"type": "unflatten", "shape": [2, 32]},
            "flatten",
            {"type": "repeat", "times": 2, "layers": [{"type": "linear", "out": 32}, "layer_norm", "softplus"]},
            {"type": "linear", "out": 32},
            "tanh",
            {"type": "linear", "out": 32},
            "sigmoid",
            OUT,
        ],
    ),
    "inks": (INKS, [{"type": "embedding", "num": 17, "dim": 4}, "flatten", OUT]),
}
#: A guess costs about 1 on scaled targets; of counts its best is 0.08.
LOSS_CASES: dict[str, tuple[dict[str, Any], dict[str, Any], float]] = {
    "mse": ({}, {"builtin": "diabetes"}, 0.65),
    "l1": ({}, {"builtin": "diabetes"}, 0.68),
    "huber": ({"delta": 1.5}, {"builtin": "diabetes"}, 0.33),
    "smooth_l1": ({"beta": 0.5}, {"builtin": "diabetes"}, 0.47),
    "gaussian_nll": ({}, {"builtin": "diabetes"}, 0.25),
    "poisson_nll": ({}, COUNTS, -1.6),
    "cross_entropy": ({"label_smoothing": 0.05, "class_weight": "balanced"}, {"builtin": "iris"}, 0.6),
    "bce_with_logits": ({"pos_weight": "balanced"}, {"builtin": "breast_cancer"}, 0.2),
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "step": {"step_epochs": 5, "gamma": 0.5},
    "multistep": {"milestones": [3, 9]},
    "exponential": {"gamma": 0.9},
    "cosine": {"warmup_epochs": 3},
    "cosine_restarts": {"t_0": 4},
    "plateau": {"patience": 1},
    "onecycle": {"max_lr": 0.02},
    "linear_warmup": {"epochs": 4},
}


def lowest(training: Training) -> float:
    """Train to the end; return the lowest validation cost, after a prediction from its checkpoint."""
    found = min(epoch.val_cost or 9.0 for epoch in training.fit())
    training.keep_best()
    assert Predictor.from_bytes(training.best_bytes()).preprocessing.task == training.spec.task
    return found


@pytest.mark.parametrize("name", MODEL_CASES)
def test_every_model_learns_real_rows(name: str) -> None:
    model, data, bound = MODEL_CASES[name]
    training = make_training(data=data, model=model, optimizer={"type": "adamw", "lr": 0.01}, epochs=20, batch_size=32)

    assert lowest(training) < bound


@pytest.mark.parametrize("name", NET_CASES)
def test_every_layer_has_its_part_in_learning_to_read_digits(name: str) -> None:
    data, layers = NET_CASES[name]
    training = make_training(
        data=data,
        model={"type": "layers", "layers": layers},
        optimizer={"type": "adamw", "lr": 0.01},
        epochs=6,
        batch_size=32,
    )

    assert lowest(training) < 0.45


@pytest.mark.parametrize("name", LOSS_CASES)
def test_every_loss_learns_real_rows(name: str) -> None:
    loss, data, bound = LOSS_CASES[name]
    training = make_training(
        data=data, model="mlp", loss={"type": name, **loss}, optimizer={"type": "adamw", "lr": 0.005}, epochs=20
    )

    assert lowest(training) < bound


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns_real_rows(name: str) -> None:
    lr = {"sgd": 0.1, "adagrad": 0.05}.get(name, 0.005)
    training = make_training(
        data={"builtin": "iris"}, model="mlp", optimizer={"type": name, "lr": lr}, epochs=25, batch_size=16
    )

    assert lowest(training) < 0.4


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_changes_the_step_size_and_learns_real_rows(name: str) -> None:
    training = make_training(
        data={"builtin": "iris"},
        model="mlp",
        optimizer={"type": "adamw", "lr": 0.01},
        scheduler={"type": name, **SCHEDULES[name]},
        epochs=20,
        batch_size=16,
    )
    epochs = list(training.fit())

    assert len({epoch.lr for epoch in epochs}) > 1
    assert min(epoch.val_cost or 9.0 for epoch in epochs) < 0.5


def test_labels_that_do_not_exclude_each_other_are_learnt() -> None:
    training = make_training(
        data=LABELS,
        task="multilabel",
        model="mlp",
        optimizer={"type": "adamw", "lr": 0.02},
        epochs=60,
        early_stopping=False,
    )

    assert training.spec.task == "multilabel"
    assert lowest(training) < 0.2


@pytest.mark.parametrize("loss", ["poisson_nll", "gaussian_nll"])
def test_a_tabm_predicts_the_mean_of_its_members_rates_and_distributions(loss: str) -> None:
    model = {"type": "tabm", "k": 4, "hidden": [8], "dropout": 0.0}
    training = make_training(data=COUNTS, model=model, loss=loss, task="regression", epochs=3)
    costs = [epoch.val_cost for epoch in training.fit()]
    training.keep_best()
    predictor = Predictor.from_bytes(training.best_bytes())
    cells = np.array(COUNTS["x"][:20], dtype=np.float32)

    net: Any = predictor.model
    members = net.layers(predictor.preprocessing.features(cells))
    # A rate of a row is what its members' rates are on average; of normal distributions the first output is the mean.
    rates = (
        members.exp().mean(1)
        if loss == "poisson_nll"
        else predictor.preprocessing.units(members[..., 0].mean(1)[:, None])
    )

    assert torch.allclose(predictor.values(cells), rates.detach(), atol=1e-5)
    assert all(cost is not None and math.isfinite(cost) for cost in costs)


def names_in(layers: list[Any]) -> set[str]:
    """The types of layers, those within other layers too."""
    found = set()
    for layer in layers:
        found |= {layer} if isinstance(layer, str) else {layer["type"], *names_in(layer.get("layers", []))}
    return found


def test_every_spec_of_a_part_has_its_builder_and_its_case() -> None:
    def types(union: Any) -> set[str]:
        return {branch.model_fields["type"].default for branch in union.__args__[0].__args__}

    assert types(models.Model) == set(MODELS)
    assert {model["type"] for model, _, _ in MODEL_CASES.values()} == set(MODELS) - {"plugin"}
    assert set.union(*(names_in(layers) for _, layers in NET_CASES.values())) == {*LAYERS, "residual", "repeat"}
    assert types(losses.Loss) == set(LOSSES) == set(LOSS_CASES)
    assert types(optimizers.Optimizer) == set(OPTIMIZERS)
    assert types(schedulers.Scheduler) == set(SCHEDULERS) == set(SCHEDULES)
